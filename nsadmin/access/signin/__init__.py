"""How a person signs in: second factors, passkeys, sessions and their end."""
