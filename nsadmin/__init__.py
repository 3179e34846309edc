"""Admin console and JSON API for the namespaces of a multimodal retrieval platform."""

__version__ = "0.1.0"
