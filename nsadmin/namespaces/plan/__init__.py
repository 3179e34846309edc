"""What a change request would do: steps, warnings and a digest. Pure."""
