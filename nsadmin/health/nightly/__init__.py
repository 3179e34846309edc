"""The comparison at night: of what no look has compared, and of whole clusters."""
