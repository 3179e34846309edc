"""Telling people and programs of an organization what happened, by mail and webhook."""
