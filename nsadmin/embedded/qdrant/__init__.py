"""A Qdrant server for a machine that has none: its HTTP API over the edge engine.

Run it with `python -m nsadmin.embedded.qdrant --data DIR --port N`.
"""

VERSION = "1.19.0"
COMMIT = "edge-0.9.0"
