"""The outside: MongoDB, Qdrant, Redis, sealed secrets, addresses that are dialled."""
