"""Work that outlives a request: job rows by registered kind, leases, the sweeper.

The row is the record, a Celery message only a hint. May touch the relational database
and Celery.
"""
