"""Finding a bulk change, what it needs, and its confirmation."""

from collections.abc import Collection
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.organization import second_person
from nsadmin.access.web import gate
from nsadmin.bulk.asked import Asked
from nsadmin.bulk.models import MESSAGE_MAX, BulkChange, BulkItem, State
from nsadmin.bulk.one import WAITS
from nsadmin.errors import Conflict, Invalid, NotFound
from nsadmin.names import clip
from nsadmin.plans.models import SavedPlan
from nsadmin.plans.shown import tick_of

RESOURCE: Final = "bulk change"


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


def require_confirmed(change: BulkChange) -> None:
    """Raise Conflict unless the change was confirmed."""
    if not change.is_confirmed:
        raise Conflict("This change is not confirmed yet.", code="bulk_not_confirmed")


def require_confirmable(
    change: BulkChange,
    included: Collection[str],
    ticks: Collection[str],
    *,
    at: tuple[str, str] = ("include", "tick"),
) -> list[BulkItem]:
    """Return what a confirmation would change; nothing is written.

    `at` are the places of the namespaces and the ticks in what was sent.

    Raises Conflict for a change that was confirmed or has expired, Invalid without a
    namespace or with a warning of an included one that is not accepted.
    """
    if change.is_confirmed:
        raise Conflict("This change was confirmed already.", code="bulk_confirmed")
    if change.is_expired:
        raise Conflict("This change has expired. Make it again.", code="bulk_expired")
    if not change.is_planned:
        raise Conflict(
            "The plans of this change are still being made.", code="bulk_not_planned"
        )
    own = change.items.filter(state=State.PLANNED)
    chosen = [item for item in own if item.namespace_id in included]
    if not chosen:
        raise Invalid.at(at[0], "Choose at least one namespace.")
    if ticks_of(change, chosen).keys() - set(ticks):
        raise Invalid.at(at[1], "Accept each warning of the chosen namespaces.")
    return chosen


def is_second(actor: Actor, change: BulkChange) -> bool:
    """Tell whether the actor confirms another person's change that needs two."""
    ends_them = change.asked["kind"] in ("delete", "expiry")
    guard = second_person.Guarded.DELETE
    return (
        ends_them
        and second_person.may_confirm(actor, change.made_by_person)
        and second_person.is_required(actor, change.internal_id, guard)
    )


def waits_for_another(actor: Actor, change: BulkChange, item: BulkItem) -> bool:
    """Tell whether a person other than the actor has to confirm this namespace."""
    return item.needs_second and not second_person.may_confirm(
        actor, change.made_by_person
    )


def require_own_part(
    actor: Actor, change: BulkChange, chosen: Collection[BulkItem]
) -> None:
    """Raise Conflict if another person has to confirm every chosen namespace."""
    if all(waits_for_another(actor, change, item) for item in chosen):
        raise Conflict(
            "The organization requires that another person confirms this. Nothing was "
            "changed. Send them the link of this page.",
            code=second_person.CODE,
        )


def confirm(
    actor: Actor,
    change: BulkChange,
    included: Collection[str],
    ticks: Collection[str],
) -> None:
    """Accept the change for the included namespaces; `go_on` then carries it out.

    Those that another person has to confirm wait for that. Raises what
    `require_confirmable` and `require_own_part` raise.
    """
    chosen = require_confirmable(change, included, ticks)
    require_own_part(actor, change, chosen)
    is_first = BulkChange.objects.filter(pk=change.pk, confirmed_at=None).update(
        confirmed_at=timezone.now(),
        confirmed_by_label=clip(actor.label, 254),
        confirmed_by_person=actor.person,
    )
    if not is_first:
        raise Conflict("This change was confirmed already.", code="bulk_confirmed")
    planned = change.items.filter(state=State.PLANNED)
    _leave_out(planned.exclude(pk__in=[item.pk for item in chosen]))
    if not second_person.may_confirm(actor, change.made_by_person):
        waiting = planned.filter(needs_second=True)
        waiting.update(state=State.WAITING, message=WAITS)
    change.refresh_from_db()


def _leave_out(others: QuerySet[BulkItem]) -> None:
    """Discard the plans of what is not confirmed, or they would stay open for days."""
    plans = SavedPlan.objects.filter(
        pk__in=list(others.values_list("plan_id", flat=True))
    )
    message = "It was left out of the confirmation."
    others.update(state=State.LEFT_OUT, plan_id="", message=message)
    plans.filter(confirmed_at=None).delete()


def settle(change: BulkChange, rows: Collection[BulkItem]) -> None:
    """Note of waiting namespaces whether their plans were confirmed on their own."""
    waiting = {row.plan_id: row for row in rows if row.state == State.WAITING}
    waiting.pop("", None)
    if not waiting or not change.is_confirmed:
        return
    rest = ("form", "request", "shown", "sealed")
    plans = SavedPlan.objects.defer(*rest).in_bulk(list(waiting))
    for plan_id, row in waiting.items():
        saved = plans.get(plan_id)
        if saved is None:
            continue
        if saved.is_confirmed:
            row.state, row.op_id = State.DONE, saved.op_id
            row.message = clip(f"Confirmed by {saved.confirmed_by_label}.", MESSAGE_MAX)
        elif saved.is_expired:
            row.state = State.FAILED
            row.message = "Its plan has expired, and no second person confirmed it."
        else:
            continue
        row.save(update_fields=["state", "op_id", "message"])
