"""Child processes: start, watch, restart, and end with their supervisor."""
