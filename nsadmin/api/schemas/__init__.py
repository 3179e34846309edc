"""The models of requests and responses; null stands for unknown or none.

A response is built from its model by `of`, without validation: a namespace that another
writer left in an odd shape must still be shown. The tests hold every response against
the OpenAPI document that is made from these models.
"""
