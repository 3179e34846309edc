"""Carrying a bulk change out, one namespace after the other."""

import time
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.bulk.models import MESSAGE_MAX, BulkChange, BulkItem, State
from nsadmin.bulk.one import carry_out
from nsadmin.jobs import items
from nsadmin.names import clip

LOOP: Final = "bulk"
# One request makes plans, or carries them out, for this long; another one goes on.
BUDGET_S: Final = 10.0
# A namespace that began longer ago was interrupted, and is tried again.
_INTERRUPTED_AFTER: Final = timedelta(minutes=5)
UNEXPECTED: Final = "An unexpected error occurred. The platform's staff can see it."


def go_on(actor: Actor, change: BulkChange, *, seconds: float = BUDGET_S) -> int:
    """Change one namespace after the other for some time; return how many are left.

    Each is claimed before it begins, so two requests do not change the same one. The
    page of outcomes goes on by itself: only the person who confirmed the change can be
    the second person here, not one who looks at it.
    """
    person = actor.person
    approves = bool(person) and change.confirmed_by_person == person
    _change_each(actor, change, _waiting(), seconds, approves=approves)
    return left_of(change)


def left_of(change: BulkChange) -> int:
    """Return how many namespaces `go_on` would change."""
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
    item.state, item.message = State.FAILED, UNEXPECTED
    items.succeeds(
        LOOP,
        "namespace",
        item.namespace_id,
        lambda: carry_out(actor, item, approves=approves),
    )
    item.message = clip(item.message, MESSAGE_MAX)
    item.save(update_fields=["state", "message", "op_id", "task_id"])
