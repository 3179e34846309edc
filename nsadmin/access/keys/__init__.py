"""API keys: authentication by them, making, rotating and revoking them."""
