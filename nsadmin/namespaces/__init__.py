"""Namespaces: their fields, reading them, changing them, creating and deleting them.

The packages form layers, lowest first: `schema` and `plan` are pure, `placement` finds
the cluster, `read` queries, `change` commits changes, `lifecycle` creates and deletes.
"""
