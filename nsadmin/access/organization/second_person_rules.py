"""Which changes of an organization need a second person: setting it."""

from collections.abc import Collection
from typing import Final

from django.db import transaction

from nsadmin.access.actor import Actor
from nsadmin.access.models import Membership, Organization
from nsadmin.access.organization.second_person import MEANINGS, Guarded
from nsadmin.access.permissions import Action, Role
from nsadmin.audit import record
from nsadmin.errors import Conflict, Forbidden

NEEDS_TWO_ADMINS: Final = (
    "A second person needs two admins. Invite another admin first."
)
_FEWEST_ADMINS: Final = 2


def set_required(
    actor: Actor, organization: Organization, changes: Collection[Guarded]
) -> bool | None:
    """Set the changes that need a second person; False while that waits for another.

    None if they are set already. More of them take effect at once. Fewer take effect
    when a second admin asks for the same, or one admin could switch the rule off.
    Raises Forbidden for staff and keys, Conflict if the organization has no second
    admin to confirm anything.
    """
    may_manage = actor.may(Action.ORGANIZATION_MANAGE)
    if not may_manage or actor.kind != "user" or actor.is_staff or actor.grants:
        raise Forbidden("Only a signed-in admin of the organization can decide.")
    wanted = sorted(change.value for change in changes)
    with transaction.atomic():
        rows = Organization.objects.select_for_update()
        row = rows.get(organization_id=organization.organization_id)
        before = sorted(row.second_person or [])
        if before == wanted and row.second_person_asked is None:
            return None
        is_shorter = bool(set(before) - set(wanted))
        has_others = has_second_admin(row)
        if wanted and not has_others:
            raise Conflict(NEEDS_TWO_ADMINS, code="second_admin_missing")
        if is_shorter and has_others and not _is_asked_by_another(row, actor, wanted):
            row.second_person_asked = {
                "changes": wanted,
                "by": actor.id,
                "label": actor.label,
            }
            row.save(update_fields=["second_person_asked"])
            _note(actor, row, "second-person:ask", before, wanted)
            return False
        row.second_person, row.second_person_asked = wanted, None
        row.save(update_fields=["second_person", "second_person_asked"])
        if before != wanted:
            _note(actor, row, "second-person:set", before, wanted)
    return True


def has_second_admin(row: Organization) -> bool:
    """Tell whether the organization has two admins who can sign in."""
    admins = Membership.objects.filter(organization=row, role=Role.ADMIN.value)
    return admins.filter(user__is_active=True).count() >= _FEWEST_ADMINS


def _is_asked_by_another(row: Organization, actor: Actor, wanted: list[str]) -> bool:
    asked = row.second_person_asked or {}
    is_other = bool(asked.get("by")) and asked["by"] != actor.id
    return is_other and asked.get("changes") == wanted


def _note(
    actor: Actor, row: Organization, action: str, before: list[str], after: list[str]
) -> None:
    verb = "Ask for" if action.endswith(":ask") else "Require"
    whom = "a second person" if after else "no second person"
    record.record(
        action=action,
        summary=f"{verb} {whom} for {_meaning(after) or 'any change'}.",
        actor=actor,
        organization_id=row.organization_id,
        changes=[
            {
                "field": "second_person",
                "before": _meaning(before) or "no change",
                "after": _meaning(after) or "no change",
                "sentence": "Changes that a second person confirms",
            }
        ],
    )


def _meaning(changes: list[str]) -> str:
    """Return the kinds of changes in words, as the end of a sentence."""
    return "; ".join(MEANINGS[Guarded(change)] for change in changes)
