"""What each subscription allows; these limits are the same in every installation."""

# The number of namespaces that each plan allows; None is unlimited.
NSADMIN_PLAN_LIMITS: dict[str, int | None] = {"free": 1, "pro": 10, "enterprise": None}
# The number of jobs of one organization that run at the same time, by its plan. Fewer
# than the workers of the queue `jobs`, so that one organization cannot hold them all.
NSADMIN_JOB_SLOTS: dict[str, int] = {"free": 1, "pro": 2, "enterprise": 3}
# The number of jobs of one organization that may wait for a slot, by its plan. One more
# is refused with 429; jobs that the platform starts by itself are not.
NSADMIN_MAX_QUEUED_JOBS: dict[str, int] = {"free": 20, "pro": 200, "enterprise": 1000}
