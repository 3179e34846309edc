"""Finding events: by who, what, outcome, time and words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from nsadmin import names
from nsadmin.audit.models import WRITTEN, AuditEvent, Outcome

AuditRows = QuerySet[AuditEvent]

# What is looked for in the written changes, by the word of the filter.
KINDS: Mapping[str, tuple[str, ...]] = {
    "name": ('"field": "namespace_name"',),
    "description": ('"field": "description"',),
    "automatic": ('"field": "auto_create_indexes"',),
    "infrastructure": ('"field": "infrastructure', '"kind": "set_secret"'),
    "protection": ('"field": "protected"',),
    "indexes": ('"kind": "create_index"', '"kind": "drop_index"'),
    "expiry": ('"kind": "set_expiry"',),
    "extractors": ('"kind": "append_extractor"',),
}
# The word of the filter for all that support sessions leave behind.
SUPPORT = "support"
# The action that queues the job of a clone again, and those whose job it may be.
RESUME = "job:resume"
_RESUMABLE = ("namespace:clone", RESUME)
# The actions whose changes may be reverted.
_REVERSIBLE = ("namespace:update", "namespace:extend")
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
    """What to look for; empty values do not narrow.

    `actor` is kind and id with a colon, `what` an action, SUPPORT or a word of `KINDS`,
    `since` and `until` are days of UTC, both included; `session` is a support session,
    `namespace` the id or the name of a namespace.
    """

    actor: str = ""
    what: str = ""
    outcome: str = ""
    since: date | None = None
    until: date | None = None
    text: str = ""
    session: str = ""
    namespace: str = ""


def matching(
    rows: AuditRows, query: AuditQuery, *, by_address: bool = False
) -> AuditRows:
    """Return the rows that the query asks for, newest first.

    With `by_address` the text is also looked for in the addresses of senders. It is for
    people who may see the address of every row, since a search would reveal it.
    """
    kind, _, actor_id = query.actor.partition(":")
    if query.actor:
        rows = rows.filter(actor_kind=kind, actor_id=actor_id)
    if query.outcome:
        rows = rows.filter(outcome=query.outcome)
    if query.since:
        rows = rows.filter(at__gte=_begins(query.since))
    if query.until:
        rows = rows.filter(at__lt=_begins(query.until) + timedelta(days=1))
    if query.namespace:
        named = Q(namespace_id=query.namespace)
        rows = rows.filter(named | Q(namespace_name__iexact=query.namespace))
    if query.session:
        rows = rows.filter(support_session=query.session)
    if query.what == SUPPORT:
        rows = rows.filter(action__startswith="support:")
    elif query.what in KINDS:
        rows = _written(rows).filter(_any("written__contains", KINDS[query.what]))
    elif query.what:
        rows = rows.filter(action=query.what)
    columns = (*_COLUMNS, "client_address") if by_address else _COLUMNS
    return _with_text(rows, names.composed(query.text), columns).order_by("-pk")


def of_organization(organization_id: str) -> AuditRows:
    """Return all events of an organization, those of deleted namespaces included."""
    return AuditEvent.objects.filter(organization_id=organization_id)


def older_than(rows: AuditRows, event_id: int | None) -> AuditRows:
    """Return the rows before an event, by primary key; None does not narrow."""
    return rows if event_id is None else rows.filter(pk__lt=event_id)


def is_written_update(event: AuditEvent) -> bool:
    """Return whether the event is a change of a namespace that was written."""
    return event.action in _REVERSIBLE and event.outcome in WRITTEN


def written_update(rows: AuditRows, op_id: str) -> AuditEvent | None:
    """Return the written change of a namespace with this operation id."""
    updates = rows.filter(op_id=op_id, action__in=_REVERSIBLE)
    return updates.filter(outcome__in=WRITTEN).first()


def reverted_by(events: Sequence[AuditEvent]) -> dict[str, AuditEvent]:
    """Return {operation id: the written event that reverted it} for these events."""
    op_ids = [event.op_id for event in events]
    rows = AuditEvent.objects.filter(reverts__in=op_ids, outcome__in=WRITTEN)
    return {event.reverts: event for event in rows}


def originals_of(events: Sequence[AuditEvent]) -> dict[str, AuditEvent]:
    """Return {operation id: event} of the events that these events reverted."""
    op_ids = [event.reverts for event in events if event.reverts]
    return {e.op_id: e for e in AuditEvent.objects.filter(op_id__in=op_ids)}


def resumed_by(events: Sequence[AuditEvent]) -> dict[str, AuditEvent]:
    """Return {operation id: the event that resumed its job} for these events.

    A namespace that is cloned into has one job, whose end closes the last of them.
    """
    ended = [
        event
        for event in events
        if event.action in _RESUMABLE and event.outcome == Outcome.FAILED
    ]
    if not ended:
        return {}
    ids = {event.namespace_id for event in ended}
    later = AuditEvent.objects.filter(action=RESUME, namespace_id__in=ids)
    resumes = list(later.order_by("pk"))
    return {
        event.op_id: first
        for event in ended
        if (first := _first_after(event, resumes)) is not None
    }


def _first_after(event: AuditEvent, resumes: list[AuditEvent]) -> AuditEvent | None:
    return next(
        (
            row
            for row in resumes
            if row.pk > event.pk
            and row.namespace_id == event.namespace_id
            and row.organization_id == event.organization_id
        ),
        None,
    )


def user_ids(rows: AuditRows) -> list[str]:
    """Return the ids of the users among the actors."""
    users = rows.filter(actor_kind="user").order_by()
    return list(users.values_list("actor_id", flat=True).distinct())


def organization_ids(rows: AuditRows) -> set[str]:
    """Return the organizations that the events belong to."""
    return set(rows.order_by().values_list("organization_id", flat=True).distinct())


def actors(rows: AuditRows) -> list[tuple[str, str, str]]:
    """Return kind, id and label of everybody who acted, at most 200."""
    columns = ("actor_kind", "actor_id", "actor_label")
    return list(rows.order_by(*columns).values_list(*columns).distinct()[:200])


def actions(rows: AuditRows) -> list[str]:
    """Return every action that was recorded."""
    return list(rows.order_by("action").values_list("action", flat=True).distinct())


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _written(rows: AuditRows) -> AuditRows:
    return rows.alias(written=Cast("changes", TextField()))


def _with_text(rows: AuditRows, text: str, columns: tuple[str, ...]) -> AuditRows:
    """Narrow to rows with the text; databases write JSON escaped or as it is."""
    if not text:
        return rows
    spellings = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    found = _any("written__icontains", tuple(spellings))
    for column in columns:
        found |= Q(**{f"{column}__icontains": text})
    return _written(rows).filter(found)


def _any(lookup: str, values: tuple[str, ...]) -> Q:
    found = Q()
    for value in values:
        found |= Q(**{lookup: value})
    return found
