"""Pages of one namespace."""
