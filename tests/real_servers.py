"""Servers of somebody else that the environment names for the tests."""

import os


def qdrant_nodes() -> list[str]:
    """Return the addresses of NSADMIN_TEST_QDRANT_URL, one for each node of a cluster.

    The first is the one that the program dials; [] if the embedded server is tested.
    """
    named = os.environ.get("NSADMIN_TEST_QDRANT_URL", "")
    return [url.strip().rstrip("/") for url in named.split(",") if url.strip()]
