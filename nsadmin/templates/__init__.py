"""Namespace templates: a configuration kept under a name, to make namespaces from.

Configuration only: extractors, indexes, settings; no data, no addresses, no secrets.
"""
