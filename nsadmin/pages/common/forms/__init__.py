"""Base form and the fields that several forms share."""
