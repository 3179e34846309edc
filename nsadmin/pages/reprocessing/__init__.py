"""Pages that ask the platform to process collections again, and show how far it is."""
