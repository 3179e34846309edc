"""The heart: what a namespace is and how it changes.

`fields`, `extractors` and `plan` are pure; `changes` is the only door of mutation,
`queries` the only one of reading.
"""
