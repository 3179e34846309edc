"""Pages of an organization and of one's own account."""
