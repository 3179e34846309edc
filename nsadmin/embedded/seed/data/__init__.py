"""Public records and people that the demo data is made from."""
