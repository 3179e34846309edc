"""What the frame of every page tells, beside its own values."""
