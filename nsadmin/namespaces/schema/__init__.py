"""What a namespace is: its fields, limits, extractors, tiers and the document. Pure."""
