"""Changing one namespace: preview, commit, compare-and-set, converge, recovery."""
