"""Pages of changes to several namespaces: the review, and the outcome for each."""
