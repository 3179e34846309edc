"""Backup and restore of our own state: the SQL database, and the secrets it needs."""
