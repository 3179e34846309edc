"""Recurring tasks: the timetable of Celery beat, and one row per run."""
