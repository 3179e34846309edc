"""What every page shares: the frame, htmx, plan forms, error pages."""
