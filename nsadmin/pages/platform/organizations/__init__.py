"""Organizations for the platform's people: list, facts, and what they change."""
