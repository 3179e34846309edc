"""Counters of lists: triggers that keep them, the nightly recount, and reading them."""
