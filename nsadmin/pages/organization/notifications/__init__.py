"""The webhooks of an organization, and what was sent to them."""
