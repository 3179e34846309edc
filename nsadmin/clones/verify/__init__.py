"""Comparing a copy with its source."""
