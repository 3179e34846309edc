"""Health: sampling Qdrant, finding drift, and checking that the stores answer."""
