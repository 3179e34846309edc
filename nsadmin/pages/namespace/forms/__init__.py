"""Forms of one namespace's pages."""
