"""The mirror: documents of the namespace store as rows, to search and sort them."""
