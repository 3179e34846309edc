"""Index advice from the fields that queries filter by."""
