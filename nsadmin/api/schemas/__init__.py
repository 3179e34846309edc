"""The shapes of answers, for the OpenAPI document; null stands for unknown or none.

They describe, they do not check: a namespace that another writer left in an odd shape
must still be shown. The tests hold every answer against them.
"""
