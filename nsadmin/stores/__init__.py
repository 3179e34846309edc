"""The outside: MongoDB, Qdrant, Redis, sealed secrets, and which addresses are dialled."""
