"""Build one automatic index and measure its gain.

The same exact filtered count is timed before and after. A built index must find the
sampled points that match by our own comparison; else it is marked incomplete.
"""

from dataclasses import asdict
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from nsadmin.access.actor import SYSTEM
from nsadmin.advice import measure, sample
from nsadmin.advice.infer import Inference
from nsadmin.advice.measure import Probe
from nsadmin.advice.models import AutoIndex
from nsadmin.advice.usage import FieldUsage
from nsadmin.errors import NsadminError
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.plan.auto_index import AutomaticIndex
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS, IndexType
from nsadmin.stores.mongo import namespaces as store

State = AutoIndex.State
# A row that still has no accepted change after this long comes from a crash.
_ABANDONED = timedelta(minutes=10)
_TRIES = 3


def begin(
    namespace: Namespace, used: FieldUsage, inference: Inference
) -> AutoIndex | None:
    """Measure, add the index, measure again; None if another build is running.

    Raises the errors of `commit`; the row then contains the message.
    """
    if inference.type is None:
        return None
    field, kind = used.field_name, inference.type
    try:
        with transaction.atomic():
            row = AutoIndex.objects.create(
                namespace_id=namespace.namespace_id,
                field_name=field,
                index_type=kind,
                count_24h=used.count_24h,
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
    if made.plan.is_empty:
        row.delete()
        return None
    row.op_id = made.op_id
    row.save()
    finish(row)
    return row


def _time_before(namespace: Namespace, row: AutoIndex, kind: IndexType) -> None:
    points = sample.repeatable_sample(namespace, row.field_name)
    payloads = [point["payload"] for point in points]
    asked = measure.probe(row.field_name, kind, payloads)
    if asked is not None:
        row.probe = asdict(asked)
        row.before_ms = measure.time_count(namespace, asked).milliseconds
    row.save()


def finish(row: AutoIndex) -> bool:
    """Measure a build that has ended; False while it goes on.

    Raises Unavailable if a store does not answer; the caller tries again later.
    """
    raw = store.get(row.namespace_id)
    if raw is None:
        return _end(row, State.FAILED, error="The namespace was deleted.")
    namespace = document.read(raw)
    if row.field_name not in {index.field_name for index in namespace.indexes}:
        if timezone.now() - row.created_at < _ABANDONED and not row.op_id:
            return False
        return _end(row, State.FAILED, error="The index was dropped again.")
    live = probe.actual_collection(namespace)
    if namespace.observed_revision < namespace.revision and raw.get("pending"):
        return False
    if row.field_name not in live.indexes:
        return False
    return _measure(namespace, row)


def _measure(namespace: Namespace, row: AutoIndex) -> bool:
    if row.probe is None:
        return _end(row, State.DONE)
    asked = Probe(**row.probe)
    row.after_ms = measure.time_count(namespace, asked).milliseconds
    if row.index_type == "text":
        return _end(row, State.DONE)
    for _ in range(_TRIES):  # points may change between the sample and the count
        points = sample.repeatable_sample(namespace, row.field_name)
        row.expected, row.found = measure.agreement(namespace, asked, points)
        if row.expected == row.found:
            return _end(row, State.DONE)
    return _end(row, State.INCOMPLETE, error="The index misses sampled points.")


def _end(row: AutoIndex, state: State, *, error: str = "") -> bool:
    row.state, row.error, row.ended_at = state, error[:500], timezone.now()
    row.save()
    return True
