"""Moving a namespace to another cluster together with its data."""
