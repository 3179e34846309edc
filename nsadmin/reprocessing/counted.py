"""Counts of collections for pages: within the time of a page, and kept for a moment."""

import json
from dataclasses import asdict
from typing import Final

from django.conf import settings

from nsadmin.errors import Unavailable
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.reprocessing import coverage
from nsadmin.reprocessing.coverage import CollectionCoverage, Coverage
from nsadmin.stores import ephemeral

_KEPT_S: Final = 15


def recent(view: NamespaceView, extractor_id: str) -> Coverage | None:
    """Return the counts of the last 15 s, or new ones; None as for `now`."""
    key = f"coverage:{view.namespace.namespace_id}:{extractor_id}"
    kept = ephemeral.load(key)
    if kept is not None:
        values = json.loads(kept)
        rows = tuple(CollectionCoverage(**row) for row in values["rows"])
        return Coverage(rows, values["more"])
    found = now(view, extractor_id)
    if found is not None:
        ephemeral.store(key, json.dumps(asdict(found)), seconds=_KEPT_S)
    return found


def now(view: NamespaceView, extractor_id: str) -> Coverage | None:
    """Count within the time that a page waits; None while MongoDB does not answer."""
    if view.from_mirror:
        return None
    try:
        return coverage.measure(
            view.namespace,
            measured_vectors(view, extractor_id),
            within_s=settings.NSADMIN_PAGE_TIMEOUT_S,
        )
    except Unavailable:
        return None


def measured_vectors(view: NamespaceView, extractor_id: str) -> list[str]:
    """Return the vectors that are measured, by the last counts that are stored."""
    snapshot = snapshots.stored(view.namespace.namespace_id)
    return coverage.measured_vectors(view.namespace, extractor_id, snapshot)
