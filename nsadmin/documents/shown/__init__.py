"""Foreign values made small enough to show: cells, trees, vectors, lineage. Pure."""
