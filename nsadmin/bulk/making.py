"""Making a bulk change: a plan for each namespace, once for each sent form."""

import time
from collections.abc import Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.bulk.asked import Asked
from nsadmin.bulk.models import (
    MESSAGE_MAX,
    PLANNED_WITHIN,
    BulkChange,
    BulkItem,
    State,
)
from nsadmin.bulk.planning import Planned, planned
from nsadmin.bulk.running import BUDGET_S, LOOP, UNEXPECTED
from nsadmin.errors import Invalid
from nsadmin.jobs import items
from nsadmin.names import clip

# Namespaces of one change; an earlier release had pages of as many.
MOST: Final = 100


def make(
    actor: Actor,
    organization: Organization | Actor,
    asked: Asked,
    namespace_ids: Sequence[str],
    *,
    draft_id: str = "",
    sent_key: str | None = None,
    seconds: float = BUDGET_S,
) -> BulkChange:
    """Plan the change for each namespace and keep it; nothing is changed.

    It belongs to the organization, or to that which the given actor acts for.

    `draft_id` is the sent form, and `sent_key` a hash of its input: sent twice, it
    makes one change. Namespaces that are not reached in time are left out. Raises
    Invalid for none or too many.
    """
    ids = list(dict.fromkeys(one[:128] for one in namespace_ids if one))
    if not ids:
        raise Invalid.at("id", "Choose at least one namespace.")
    if len(ids) > MOST:
        raise Invalid.at("id", f"Choose at most {MOST} namespaces at once.")
    until = time.monotonic() + seconds
    values = {"draft_id": draft_id, "sent_key": sent_key, "asked": asked.to_json()}
    change, is_new = _begun(actor, organization, values)
    if not is_new:
        return change
    for position, namespace_id in enumerate(ids):
        if time.monotonic() < until:
            found = _planned_apart(actor, asked, namespace_id)
        else:
            found = Planned(
                State.LEFT_OUT, message="There was no time left to make its plan."
            )
        _add(change, position, namespace_id, found)
    change.planned_at = timezone.now()
    change.save(update_fields=["planned_at"])
    return change


def _begun(
    actor: Actor, organization: Organization | Actor, values: dict[str, Any]
) -> tuple[BulkChange, bool]:
    """Return the change of this form, and whether it is new."""
    key = values["sent_key"]
    if (same := _same(key)) is not None:
        return same, False
    try:
        with transaction.atomic():
            made = BulkChange.objects.create(
                **values,
                organization_id=organization.organization_id,
                internal_id=organization.internal_id,
                made_by_label=clip(actor.label, 254),
                made_by_person=actor.person,
            )
            return made, True
    except IntegrityError:
        return BulkChange.objects.get(sent_key=key), False


def _same(key: str | None) -> BulkChange | None:
    """Return the change that the same form has just made; an older one gives way."""
    if key is None:
        return None
    found = BulkChange.objects.filter(sent_key=key).first()
    if found is None:
        return None
    is_recent = found.made_at > timezone.now() - PLANNED_WITHIN
    if is_recent and not found.is_confirmed:
        return found
    BulkChange.objects.filter(pk=found.pk).update(sent_key=None)
    return None


def _planned_apart(actor: Actor, asked: Asked, namespace_id: str) -> Planned:
    """Return what is planned; an unexpected error is that of one namespace."""
    found: list[Planned] = []
    items.succeeds(
        LOOP,
        "namespace",
        namespace_id,
        lambda: found.append(planned(actor, asked, namespace_id)),
    )
    return found[0] if found else Planned(State.BLOCKED, message=UNEXPECTED)


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
        needs_second=found.needs_second,
        steps=[clip(step, MESSAGE_MAX) for step in found.steps],
        warnings=[[clip(text, MESSAGE_MAX), needs] for text, needs in found.warnings],
        message=clip(found.message, MESSAGE_MAX),
    )
