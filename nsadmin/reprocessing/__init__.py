"""Requests to process collections again: asked here, done by the platform."""
