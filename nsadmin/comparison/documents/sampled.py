"""Comparing a random sample: documents drawn from both sides, with counterparts.

Qdrant draws at random over all shards. The drawn ids are kept, so that a job that is
continued compares the same ones. A document without a counterpart of the same id is
looked for by its `document_id`, which every collection has an index on.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.conf import settings

from nsadmin.comparison.documents.context import COMPARE, DRAW, CompareContext
from nsadmin.comparison.documents.findings import Findings, PointId
from nsadmin.comparison.documents.point_pairs import Pair, PointPairs
from nsadmin.namespaces.placement.tenants import (
    INNER_TENANT,
    TENANT,
    is_of_another,
    of_others,
)
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.bulk import raw_points
from nsadmin.stores.qdrant.bulk.raw_points import RawPoint
from nsadmin.stores.qdrant.bulk.strict_mode import StrictModeRefusal
from nsadmin.transfer.site import Site

Json = dict[str, Any]
Found = dict[PointId, RawPoint]

# Documents that are drawn from each side.
SAMPLE_SIZE: Final = 1000

_KEY: Final = "sample"
_AT_ONCE: Final = 100
_FIELD: Final = "document_id"
_LONGEST_ID: Final = 256
NO_LOOKUP: Final = (
    "Documents with other ids could not be looked up by document_id: the collection's "
    "strict mode forbids the filter."
)


@dataclass(slots=True)
class _State:
    """The drawn ids, how many are compared, and what was found.

    `met` are ids of the right side that were compared as the counterpart of another id.
    """

    left: list[PointId]
    right: list[PointId]
    at: int
    met: list[PointId]
    findings: Findings
    notes: list[str]

    @property
    def ids(self) -> list[PointId]:
        """All drawn ids, each once."""
        return list(dict.fromkeys([*self.left, *self.right]))

    def to_json(self) -> Json:
        return {
            "left": self.left,
            "right": self.right,
            "at": self.at,
            "met": self.met,
            "findings": self.findings.to_json(),
            "notes": self.notes,
        }


def compare(context: CompareContext) -> Findings:
    """Compare the sample, from where an earlier slice ended; return what differs.

    Raises what `JobContext.checkpoint` raises.
    """
    state, pairs = _state(context), context.pairs()
    ids = state.ids
    context.job.progress.begin(COMPARE, total=len(ids))
    while state.at < len(ids):
        _compare_some(context, pairs, state, ids[state.at : state.at + _AT_ONCE])
        state.at = min(len(ids), state.at + _AT_ONCE)
        context.job.progress.advance(COMPARE, done=state.at)
        context.save(**{_KEY: state.to_json()})
    return state.findings


def drawn(context: CompareContext) -> tuple[int, int]:
    """Return how many documents were drawn from the left and from the right."""
    stored = context.job.cursor[_KEY]
    return len(stored["left"]), len(stored["right"])


def notes(context: CompareContext) -> list[str]:
    """Return sentences about what could not be compared."""
    return list(context.job.cursor[_KEY]["notes"])


def _state(context: CompareContext) -> _State:
    stored = context.job.cursor.get(_KEY)
    if stored is not None:
        return _State(**{**stored, "findings": Findings.read(stored["findings"])})
    progress = context.job.progress
    progress.begin(DRAW, total=2)
    left = _draw(context.left_site, context.left)
    progress.advance(DRAW, done=1)
    right = _draw(context.right_site, context.right)
    progress.advance(DRAW, done=2)
    progress.end(DRAW)
    state = _State(left, right, 0, [], Findings(), [])
    context.save(**{_KEY: state.to_json()})
    return state


def _draw(site: Site, namespace: Namespace) -> list[PointId]:
    """Return random ids, none of another tenant where strict mode allows the filter.

    Those that it does not allow to leave out are drawn and passed over later.
    """
    draw = partial(
        points.random_ids,
        site.cluster,
        site.collection,
        limit=SAMPLE_SIZE,
        timeout_s=float(settings.NSADMIN_CLUSTER_DEADLINE_S),
    )
    try:
        return draw(where={"must_not": of_others(namespace.internal_id)})
    except StrictModeRefusal:
        return draw()


def _by_ids(site: Site, namespace: Namespace, ids: list[PointId]) -> Found:
    """Return the points with these ids, without those of another tenant."""
    found = raw_points.by_ids(site.cluster, site.collection, ids)
    tenant = namespace.internal_id
    return {
        point_id: point
        for point_id, point in found.items()
        if not is_of_another(point.decoded_payload(), tenant)
    }


def _compare_some(
    context: CompareContext, pairs: PointPairs, state: _State, ids: list[PointId]
) -> None:
    left = context.left_site, context.left
    right = context.right_site, context.right
    ours, theirs = _by_ids(*left, ids), _by_ids(*right, ids)
    found: list[Pair] = [
        (ours.get(own_id), theirs.get(own_id))
        for own_id in ids
        if own_id in ours and own_id in theirs
    ]
    only_ours = {key: point for key, point in ours.items() if key not in theirs}
    met = set(state.met)
    only_theirs = {
        key: point
        for key, point in theirs.items()
        if key not in ours and key not in met
    }
    for point, other in _counterparts(state, only_ours, *right):
        found.append((point, other))
        if other is not None:
            state.met.append(other.id)
            only_theirs.pop(other.id, None)
    for point, other in _counterparts(state, only_theirs, *left):
        found.append((other, point))
    for pair in found:
        pairs.add(pair, state.findings, with_digests=False)


def _counterparts(
    state: _State, alone: Found, site: Site, namespace: Namespace
) -> list[Pair]:
    """Return each document with the one of the other side that has its document id."""
    wanted: dict[str, RawPoint] = {}
    for point in alone.values():
        document_id = point.decoded_payload().get(_FIELD)
        if isinstance(document_id, str) and 0 < len(document_id) <= _LONGEST_ID:
            wanted[document_id] = point
    others = _by_document_id(state, list(wanted), site, namespace) if wanted else {}
    partner = {
        wanted[document_id].id: other
        for document_id, other in others.items()
        if document_id in wanted
    }
    state.findings.counts["by_document_id"] += len(partner)
    return [(point, partner.get(point.id)) for point in alone.values()]


def _by_document_id(
    state: _State, document_ids: list[str], site: Site, namespace: Namespace
) -> dict[str, RawPoint]:
    where = {"must": [{"key": _FIELD, "match": {"any": document_ids}}]}
    try:
        rows, _ = points.page(
            site.cluster,
            site.collection,
            limit=2 * len(document_ids),
            where=where,
            only=[_FIELD, TENANT, INNER_TENANT],
        )
    except StrictModeRefusal:
        if NO_LOOKUP not in state.notes:
            state.notes.append(NO_LOOKUP)
        return {}
    ids = {
        str(payload.get(_FIELD)): row["id"]
        for row in rows
        if not is_of_another(payload := row.get("payload") or {}, namespace.internal_id)
    }
    found = _by_ids(site, namespace, list(ids.values()))
    return {
        document_id: found[own_id]
        for document_id, own_id in ids.items()
        if own_id in found
    }
