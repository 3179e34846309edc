"""What happened: append-only events with before and after, no foreign keys.

May touch the relational database and nothing else outside.
"""
