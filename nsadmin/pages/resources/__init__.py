"""The pages of what a namespace holds: lists, details, the map."""
