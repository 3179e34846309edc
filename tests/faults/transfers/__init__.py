"""Transfers of points under faults: kills, other writers, refusals, much data."""
