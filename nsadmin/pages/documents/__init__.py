"""The documents of a namespace: the list with its filter, one document, the export."""
