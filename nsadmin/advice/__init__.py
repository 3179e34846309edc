"""Which payload fields queries filter by, and which indexes that asks for."""
