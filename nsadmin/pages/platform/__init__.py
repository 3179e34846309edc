"""Pages of the platform and of jobs, schedules, templates; health checks."""
