"""The audit log: append-only events with old and new values, without foreign keys.

Its only store is the relational database.
"""
