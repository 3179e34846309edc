"""Lines over time, drawn as SVG."""
