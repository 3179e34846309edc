"""Build one automatic index, see what it holds, and measure its gain.

The type is inferred by the rules of Qdrant's parsers, so nothing is built where no
sampled value would be held. Whether the index then holds the collection's values is
asked of Qdrant: it must have at least `LEAST_SHARE` of the points that have a value.
One that has fewer is dropped again by a recorded step, which mutes the field: the audit
and the advice page say so once, and no later run tries it again.

The same exact filtered count is timed before and after. A built index must find the
sampled points that match by our own comparison; else it is marked incomplete.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from nsadmin.access.actor import SYSTEM
from nsadmin.advice import index_coverage, measure, sample
from nsadmin.advice.infer import Inference
from nsadmin.advice.measure import Probe
from nsadmin.advice.models import AutoIndex
from nsadmin.advice.rules import Holding
from nsadmin.advice.usage import FieldUsage
from nsadmin.errors import Conflict, NsadminError, UpstreamError
from nsadmin.names import clip
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.plan.auto_index import AutomaticIndex, UselessIndex
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS, IndexType
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.bulk import strict_mode

State = AutoIndex.State
# A row that still has no accepted change after this long comes from a crash.
_ABANDONED = timedelta(minutes=10)
_TRIES = 3
_BIGGEST = 2**63 - 1


def begin(
    namespace: Namespace, used: FieldUsage, inference: Inference
) -> AutoIndex | None:
    """Measure, add the index, measure again; None if another build is running.

    Raises Conflict if the collection has as many indexes as its strict mode allows, and
    the errors of `commit`; the row then contains the message.
    """
    if inference.type is None:
        return None
    field, kind = used.field_name, inference.type
    _require_room(namespace)
    try:
        with transaction.atomic():
            row = AutoIndex.objects.create(
                namespace_id=namespace.namespace_id,
                field_name=field,
                index_type=kind,
                count_24h=min(used.count_24h, _BIGGEST),
                evidence={
                    "sample": asdict(inference),
                    "mean_ms": used.mean_ms,
                    "count_7d": used.count_7d,
                },
                created_at=timezone.now(),
            )
    except IntegrityError:
        return None
    try:
        _time_before(namespace, row, kind)
        schema = {"type": kind, **INDEX_DEFAULTS[kind]}
        reason = f"Filtered {used.count_24h:,} times in 24 hours."
        made = commit.commit(
            SYSTEM, namespace.namespace_id, AutomaticIndex(field, schema, reason)
        )
    except NsadminError as failure:
        _end(row, State.FAILED, error=failure.message)
        raise
    except Exception:
        _end(row, State.FAILED, error="An unexpected error ended the build.")
        raise
    if made.plan.is_empty:
        row.delete()
        return None
    row.op_id = made.op_id
    row.save()
    finish(row)
    return row


def _require_room(namespace: Namespace) -> None:
    live = sample.look(namespace)
    limit = strict_mode.read(live.raw).max_payload_index_count
    if limit and len(live.indexes) >= limit:
        raise Conflict(
            f"The strict mode of the collection allows {limit:,} payload indexes, and "
            "it has as many.",
            code="strict_mode",
        )


def _time_before(namespace: Namespace, row: AutoIndex, kind: IndexType) -> None:
    """Time the count without the index, unless strict mode forbids it."""
    sampled = sample.repeatable_sample(namespace, row.field_name)
    payloads = [point["payload"] for point in sampled]
    asked = measure.probe(row.field_name, kind, payloads)
    if asked is not None:
        row.probe = asdict(asked)
        try:
            row.before_ms = measure.time_count(namespace, asked).milliseconds
        except UpstreamError:
            row.before_ms = None
    row.save()


def finish(row: AutoIndex) -> bool:
    """Judge and measure a build that has ended; False while it goes on.

    Raises Unavailable if a store does not answer; the caller tries again later.
    """
    raw = store.get(row.namespace_id)
    if raw is None:
        return _end(row, State.FAILED, error="The namespace was deleted.")
    namespace = document.read(raw)
    if row.field_name not in {index.field_name for index in namespace.indexes}:
        if timezone.now() - row.created_at < _ABANDONED and not row.op_id:
            return False
        if row.error and row.field_name in namespace.muted_auto_indexes:
            return _end(row, State.DROPPED, error=row.error)
        return _end(row, State.FAILED, error="The index was dropped again.")
    live = probe.actual_collection(namespace)
    if namespace.observed_revision < namespace.revision and raw.get("pending"):
        return False
    if row.field_name not in live.indexes:
        return False
    held = _holding(namespace, row)
    if held is not None and held.is_too_little:
        return _drop(row, held)
    return _measure(namespace, row)


def _holding(namespace: Namespace, row: AutoIndex) -> Holding | None:
    """Return what the built index holds; None if Qdrant does not tell."""
    sampled = row.evidence["sample"]["points"] if "sample" in row.evidence else 0
    try:
        held = index_coverage.holding(namespace, row.field_name, sampled=sampled)
        if held is None or not held.is_too_little:
            return held
        # The build may still go on. Qdrant carries out writes in their order, so this
        # one, which changes nothing, returns after the build.
        nothing: dict[str, Any] = {"must": [{"has_id": []}]}
        points.delete(cluster_of(namespace), namespace.collection, where=nothing)
        return index_coverage.holding(namespace, row.field_name, sampled=sampled)
    except UpstreamError:
        return None


def _drop(row: AutoIndex, held: Holding) -> bool:
    """Drop the index by a recorded step, and mute its field.

    The reason is stored first, so that a process that dies in between leaves a row from
    which the next one sees why the index is gone.
    """
    row.error = f"It {held.sentence}, so it is dropped again."
    row.save()
    drop = UselessIndex(row.field_name, row.error)
    made = commit.commit(SYSTEM, row.namespace_id, drop)
    if made.plan.is_empty:
        return _end(row, State.FAILED, error="The index was changed meanwhile.")
    return _end(row, State.DROPPED, error=row.error)


def _measure(namespace: Namespace, row: AutoIndex) -> bool:
    if row.probe is None:
        return _end(row, State.DONE)
    asked = Probe(**row.probe)
    try:
        row.after_ms = measure.time_count(namespace, asked).milliseconds
        if row.index_type == "text":
            return _end(row, State.DONE)
        for _ in range(_TRIES):  # points may change between the sample and the count
            sampled = sample.repeatable_sample(namespace, row.field_name)
            row.expected, row.found = measure.agreement(namespace, asked, sampled)
            if row.expected == row.found:
                return _end(row, State.DONE)
    except UpstreamError:  # strict mode: built, and not measured
        return _end(row, State.DONE)
    return _end(row, State.INCOMPLETE, error="The index misses sampled points.")


def muted(namespace: Namespace) -> dict[str, str]:
    """Return {field: reason} without an automatic index; "" if a person dropped it."""
    fields = namespace.muted_auto_indexes
    rows = AutoIndex.objects.filter(
        namespace_id=namespace.namespace_id,
        state__in=(State.DROPPED, State.DONE, State.INCOMPLETE),
        field_name__in=fields,
    )
    last = {row.field_name: row for row in rows.order_by("pk")}
    dropped = {f: r.error for f, r in last.items() if r.state == State.DROPPED}
    return {field: dropped.get(field, "") for field in fields}


def _end(row: AutoIndex, state: State, *, error: str = "") -> bool:
    row.state, row.error, row.ended_at = state, clip(error, 500), timezone.now()
    row.save()
    return True
