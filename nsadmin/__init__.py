"""Admin console and JSON API for the namespaces of a multimodal retrieval platform."""

__version__ = "0.2.0"
