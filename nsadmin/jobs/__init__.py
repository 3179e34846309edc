"""Background jobs: one row per job, run in slices by Celery workers under a lease.

The row is the record; a Celery message only announces that the row is due, and the
sweeper sends it again if it is lost. `registry` has the kinds of jobs, `execution` runs
them, `schedules` records recurring runs, `queries` reads jobs for pages and API. The
room may use the relational database and Celery.
"""
