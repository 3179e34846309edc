"""Pages of the platform: fleet, jobs, schedules, templates, health checks."""
