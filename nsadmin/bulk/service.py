"""Making a bulk change, finding it again, and carrying it out one by one."""

import time
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.access.organization import second_person
from nsadmin.access.web import gate
from nsadmin.bulk.asked import Asked
from nsadmin.bulk.models import MESSAGE_MAX, BulkChange, BulkItem, State
from nsadmin.bulk.one import carry_out
from nsadmin.bulk.planning import Planned, planned
from nsadmin.errors import Conflict, Invalid, NotFound
from nsadmin.jobs import items
from nsadmin.names import clip
from nsadmin.plans.shown import tick_of

RESOURCE: Final = "bulk change"
LOOP: Final = "bulk"
# Namespaces of one change: the largest page of the list.
MOST: Final = 100
# One request makes plans, or carries them out, for this long; another one goes on.
BUDGET_S: Final = 10.0
# A namespace that began longer ago was interrupted, and is tried again.
_INTERRUPTED_AFTER: Final = timedelta(minutes=5)


def make(
    actor: Actor,
    organization: Organization,
    asked: Asked,
    namespace_ids: Sequence[str],
    *,
    seconds: float = BUDGET_S,
) -> BulkChange:
    """Plan the change for each namespace and keep it; nothing is changed.

    Namespaces that are not reached in time are left out. Raises Invalid for none or too
    many.
    """
    ids = list(dict.fromkeys(one[:128] for one in namespace_ids if one))
    if not ids:
        raise Invalid.at("id", "Choose at least one namespace.")
    if len(ids) > MOST:
        raise Invalid.at("id", f"Choose at most {MOST} namespaces at once.")
    until = time.monotonic() + seconds
    change = BulkChange.objects.create(
        organization_id=organization.organization_id,
        internal_id=organization.internal_id,
        asked=asked.to_json(),
        made_by_label=clip(actor.label, 254),
    )
    for position, namespace_id in enumerate(ids):
        if time.monotonic() < until:
            found = _planned_apart(actor, asked, namespace_id)
        else:
            found = Planned(
                State.LEFT_OUT, message="There was no time left to make its plan."
            )
        _add(change, position, namespace_id, found)
    return change


def _planned_apart(actor: Actor, asked: Asked, namespace_id: str) -> Planned:
    """Return what is planned; an unexpected error is that of one namespace."""
    found: list[Planned] = []
    items.succeeds(
        LOOP,
        "namespace",
        namespace_id,
        lambda: found.append(planned(actor, asked, namespace_id)),
    )
    return found[0] if found else Planned(State.BLOCKED, message=_UNEXPECTED)


_UNEXPECTED: Final = "An unexpected error occurred. The platform's staff can see it."


def _add(
    change: BulkChange, position: int, namespace_id: str, found: Planned
) -> BulkItem:
    return BulkItem.objects.create(
        change=change,
        position=position,
        namespace_id=clip(namespace_id, 128),
        namespace_name=clip(found.name, 128),
        state=found.state,
        plan_id=found.plan_id,
        steps=[clip(step, MESSAGE_MAX) for step in found.steps],
        warnings=[[clip(text, MESSAGE_MAX), needs] for text, needs in found.warnings],
        message=clip(found.message, MESSAGE_MAX),
    )


def find(actor: Actor, bulk_id: str) -> BulkChange:
    """Return a bulk change; raise NotFound for one of an organization not visible."""
    change = BulkChange.objects.filter(bulk_id=bulk_id[:32]).first()
    if change is None:
        raise NotFound(f"There is no such {RESOURCE}.", details={"resource": RESOURCE})
    gate.require_on(
        actor,
        Asked.from_json(change.asked).action,
        internal_id=change.internal_id,
        scope="org",
        what=RESOURCE,
    )
    return change


def items_of(change: BulkChange) -> list[BulkItem]:
    """Return the namespaces of a change, in their order."""
    return list(change.items.all())


def ticks_of(
    change: BulkChange, rows: Collection[BulkItem]
) -> dict[str, tuple[str, int]]:
    """Return {tick: (warning, how many namespaces have it)} of what needs consent.

    The warnings of several namespaces that differ in the name alone are one. A deletion
    needs none: the typed number is the consent.
    """
    found: dict[str, tuple[str, int]] = {}
    if change.asked["kind"] == "delete":
        return found
    for row in rows:
        for sentence, needs_tick in row.warnings:
            if needs_tick and row.state == State.PLANNED:
                general = _general(row, sentence)
                tick = tick_of(general)
                found[tick] = (general, found.get(tick, ("", 0))[1] + 1)
    return found


def _general(row: BulkItem, sentence: str) -> str:
    """Return a warning without the name of its namespace."""
    general = sentence.replace(f"“{row.namespace_name}”", "the namespace")
    return general[:1].upper() + general[1:]


def require_confirmable(
    change: BulkChange, included: Collection[str], ticks: Collection[str]
) -> list[BulkItem]:
    """Return what a confirmation would change; nothing is written.

    Raises Conflict for a change that was confirmed or has expired, Invalid without a
    namespace or with a warning of an included one that is not accepted.
    """
    if change.is_confirmed:
        raise Conflict("This change was confirmed already.", code="bulk_confirmed")
    if change.is_expired:
        raise Conflict("This change has expired. Make it again.", code="bulk_expired")
    own = change.items.filter(state=State.PLANNED)
    chosen = [item for item in own if item.namespace_id in included]
    if not chosen:
        raise Invalid.at("include", "Choose at least one namespace.")
    if ticks_of(change, chosen).keys() - set(ticks):
        raise Invalid.at("tick", "Accept each warning of the chosen namespaces.")
    return chosen


def is_second(actor: Actor, change: BulkChange) -> bool:
    """Tell whether the actor confirms another person's change that needs two."""
    is_own = change.made_by_label == clip(actor.label, 254)
    ends_them = change.asked["kind"] in ("delete", "expiry")
    guard = second_person.Guarded.DELETE
    return (
        ends_them
        and not is_own
        and second_person.is_required(actor, change.internal_id, guard)
    )


def confirm(
    actor: Actor,
    change: BulkChange,
    included: Collection[str],
    ticks: Collection[str],
) -> None:
    """Accept the change for the included namespaces; `go_on` then carries it out.

    Raises what `require_confirmable` raises.
    """
    chosen = require_confirmable(change, included, ticks)
    is_first = BulkChange.objects.filter(pk=change.pk, confirmed_at=None).update(
        confirmed_at=timezone.now(), confirmed_by_label=clip(actor.label, 254)
    )
    if not is_first:
        raise Conflict("This change was confirmed already.", code="bulk_confirmed")
    others = change.items.filter(state=State.PLANNED)
    others = others.exclude(pk__in=[item.pk for item in chosen])
    others.update(state=State.LEFT_OUT, message="You left it out.")
    change.refresh_from_db()


def go_on(actor: Actor, change: BulkChange, *, seconds: float = BUDGET_S) -> int:
    """Change one namespace after the other for some time; return how many are left.

    Each is claimed before it begins, so two requests do not change the same one. The
    page of outcomes goes on by itself: only the person who confirmed the change can be
    the second person here, not one who looks at it.
    """
    approves = change.confirmed_by_label == clip(actor.label, 254)
    _change_each(actor, change, _waiting(), seconds, approves=approves)
    return change.items.filter(_waiting()).count()


def approve(actor: Actor, change: BulkChange, *, seconds: float = BUDGET_S) -> None:
    """Change for some time what waits for a second person, as that person."""
    waiting = Q(state=State.WAITING)
    _change_each(actor, change, waiting, seconds, approves=True)


def _change_each(
    actor: Actor, change: BulkChange, which: Q, seconds: float, *, approves: bool
) -> None:
    until = time.monotonic() + seconds
    for item in change.items.filter(which):
        if time.monotonic() >= until:
            break
        own = BulkItem.objects.filter(which, pk=item.pk)
        if own.update(state=State.RUNNING, begun_at=timezone.now()):
            _run(actor, item, approves=approves)


def _waiting() -> Q:
    interrupted = Q(
        state=State.RUNNING, begun_at__lte=timezone.now() - _INTERRUPTED_AFTER
    )
    return Q(state=State.PLANNED) | interrupted


def _run(actor: Actor, item: BulkItem, *, approves: bool) -> None:
    """Change one namespace and store the outcome; an error does not stop the others."""
    item.state, item.message = State.FAILED, _UNEXPECTED
    items.succeeds(
        LOOP,
        "namespace",
        item.namespace_id,
        lambda: carry_out(actor, item, approves=approves),
    )
    item.message = clip(item.message, MESSAGE_MAX)
    item.save(update_fields=["state", "message", "op_id", "task_id"])
