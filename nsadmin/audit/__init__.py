"""What happened: append-only events with before and after, names copied, no foreign keys.

May touch the relational database and nothing else outside.
"""
