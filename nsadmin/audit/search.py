"""Search of audit events by actor, action, outcome, days and text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from nsadmin import names
from nsadmin.audit.models import AuditEvent

# {value of the filter: texts, one of which the stored JSON of the changes contains}.
KINDS: Mapping[str, tuple[str, ...]] = {
    "name": ('"field": "namespace_name"',),
    "description": ('"field": "description"',),
    "automatic": ('"field": "auto_create_indexes"',),
    "infrastructure": ('"field": "infrastructure', '"kind": "set_secret"'),
    "protection": ('"field": "protected"',),
    "indexes": ('"kind": "create_index"', '"kind": "drop_index"'),
    "extractors": ('"kind": "append_extractor"',),
}
_COLUMNS = (
    "summary",
    "error",
    "request_id",
    "namespace_id",
    "namespace_name",
    "actor_label",
    "op_id",
)


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """The filters of a search; an empty value filters nothing.

    `actor` is "kind:id", `what` an action or a key of `KINDS`, `since` and `until`
    are the first and the last day in UTC.
    """

    actor: str = ""
    what: str = ""
    outcome: str = ""
    since: date | None = None
    until: date | None = None
    text: str = ""


def matching(rows: QuerySet[AuditEvent], query: AuditQuery) -> QuerySet[AuditEvent]:
    """Return the rows that match the query, newest first."""
    kind, _, actor_id = query.actor.partition(":")
    if query.actor:
        rows = rows.filter(actor_kind=kind, actor_id=actor_id)
    if query.outcome:
        rows = rows.filter(outcome=query.outcome)
    if query.since:
        rows = rows.filter(at__gte=_start_of_day(query.since))
    if query.until:
        rows = rows.filter(at__lt=_start_of_day(query.until) + timedelta(days=1))
    if query.what in KINDS:
        rows = _written(rows).filter(_any("written__contains", KINDS[query.what]))
    elif query.what:
        rows = rows.filter(action=query.what)
    return _with_text(rows, names.composed(query.text)).order_by("-pk")


def actors(rows: QuerySet[AuditEvent]) -> list[tuple[str, str, str]]:
    """Return (kind, id, label) of at most 200 actors in the rows."""
    columns = ("actor_kind", "actor_id", "actor_label")
    return list(rows.order_by(*columns).values_list(*columns).distinct()[:200])


def actions(rows: QuerySet[AuditEvent]) -> list[str]:
    """Return the names of all actions in the rows."""
    return list(rows.order_by("action").values_list("action", flat=True).distinct())


def _start_of_day(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _written(rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    return rows.alias(written=Cast("changes", TextField()))


def _with_text(rows: QuerySet[AuditEvent], text: str) -> QuerySet[AuditEvent]:
    """Filter rows by a text. Databases store JSON with or without escapes: try both."""
    if not text:
        return rows
    spellings = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    found = _any("written__icontains", tuple(spellings))
    for column in _COLUMNS:
        found |= Q(**{f"{column}__icontains": text})
    return _written(rows).filter(found)


def _any(lookup: str, values: tuple[str, ...]) -> Q:
    found = Q()
    for value in values:
        found |= Q(**{lookup: value})
    return found
