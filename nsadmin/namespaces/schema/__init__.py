"""The fields of a namespace: input models, limits, rules and the document. Pure."""
