"""The points of a collection, brought to another name or another cluster."""
