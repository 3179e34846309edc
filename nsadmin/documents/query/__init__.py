"""Filters on documents: their conditions, their URLs, their Qdrant JSON. Pure."""
