"""Support sessions: the access of the platform's staff to one organization."""
