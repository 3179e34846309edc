"""Plans that are kept: made now, read by others, confirmed within some days."""
