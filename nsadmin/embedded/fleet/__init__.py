"""A large world for measurements: many organizations, many more namespaces."""
