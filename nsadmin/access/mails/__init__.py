"""Mails about accounts and memberships: who gets one, and what it says."""
