"""Metrics of the whole program, for Prometheus: `/metrics`, or a port of its own."""
