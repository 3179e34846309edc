"""Points in bulk: the limits of clusters and collections, batches, and exchanges."""
