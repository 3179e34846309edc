"""Where MongoDB, Qdrant and the mirror differ, for one namespace."""
