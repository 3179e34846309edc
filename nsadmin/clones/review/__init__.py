"""What a clone would take and lose, told before it starts."""
