"""Copying a namespace: collection, documents, points."""
