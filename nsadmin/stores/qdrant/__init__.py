"""Qdrant: the only room that imports qdrant_client; bulk traffic goes over plain HTTP.

Names are allow-listed before they reach a path. Every call has a time limit.
"""
