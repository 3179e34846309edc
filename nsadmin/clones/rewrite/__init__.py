"""Ids of the copy and references to them, rewritten at any depth. Pure."""
