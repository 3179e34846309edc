"""The map of who feeds whom: its boxes, its lines and where they are drawn. Pure."""
