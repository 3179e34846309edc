"""Two namespaces compared: configuration, counts, documents; kept results."""
