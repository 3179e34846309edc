"""Lists of namespaces: filters, search, order, pages, facets."""
