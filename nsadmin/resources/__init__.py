"""Buckets, objects, collections, retrievers, taxonomies: lists, references, map."""
