"""Access control of web requests: sign-in, sessions and the gate of each route."""
