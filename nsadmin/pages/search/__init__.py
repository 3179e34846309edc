"""The search: its box on every page, and its own page."""
