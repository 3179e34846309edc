"""Events, their deliveries, webhooks and mails, on the wire."""
