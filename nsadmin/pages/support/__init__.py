"""Pages of the platform's staff about their support sessions."""
