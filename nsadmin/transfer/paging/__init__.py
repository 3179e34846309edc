"""Points in pages: ranges of ids that are read, written and compared side by side."""
