"""What resources are, the ids they name, and who refers to whom. Pure."""
