"""Namespace templates: named configurations from which namespaces are created.

A template has extractors, indexes and settings; no data, no addresses, no secrets.
"""
