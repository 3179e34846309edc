"""The HTTP side of the API: parsing, responses, errors, keys, limits."""
