"""Organizations, their members, invitations and API keys."""
