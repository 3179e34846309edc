"""Forms of the namespace list's pages."""
