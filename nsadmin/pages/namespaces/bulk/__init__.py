"""Pages of changes to several namespaces: the review, and what became of each."""
