"""Writing the demo data into the stores."""
