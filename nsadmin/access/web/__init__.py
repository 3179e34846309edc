"""Access of a web request: sign-in, sessions, the gate of each route."""
