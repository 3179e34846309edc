"""Pages of an organization."""
