"""The copy stages of a clone job: collection, documents, points."""
