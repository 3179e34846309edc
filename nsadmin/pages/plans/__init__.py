"""The page of a kept plan."""
