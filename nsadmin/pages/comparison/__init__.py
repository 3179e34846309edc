"""Pages that compare two namespaces."""
