"""Plans of change requests: steps, warnings and a digest. Pure."""
