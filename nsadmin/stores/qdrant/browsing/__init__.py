"""Reads of few points for people: filtered, ordered, nearest, counted by value."""
