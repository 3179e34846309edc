"""Strict mode: what the owner of a collection forbids, and how often it may be used."""
