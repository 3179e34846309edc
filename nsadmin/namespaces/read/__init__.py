"""Reading namespaces: the mirror, lists, snapshots of Qdrant and their status."""
