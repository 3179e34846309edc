"""Recurring work: the beat timetable and one row per run."""
