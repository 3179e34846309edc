"""The page of the payload indexes of a namespace."""
