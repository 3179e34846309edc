"""Translations between Qdrant's JSON and the engine's objects, with shape checks."""
