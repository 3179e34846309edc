"""The verification stage of a clone job: comparing the copy with its source."""
