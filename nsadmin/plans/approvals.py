"""Whether a plan needs a second person, and who can be that person."""

from dataclasses import dataclass

from nsadmin.access.actor import Actor
from nsadmin.access.organization import second_person
from nsadmin.access.organization.listing import contacts_for
from nsadmin.access.organization.second_person import Approval, Guarded
from nsadmin.access.permissions import Action
from nsadmin.namespaces.change.commit import Preview
from nsadmin.plans.models import SavedPlan
from nsadmin.plans.requests import Unpatched, Wanted

# The permission that each guarded change needs.
ACTIONS = {
    Guarded.TIER: Action.NAMESPACE_INFRASTRUCTURE,
    Guarded.DELETE: Action.NAMESPACE_DELETE,
    Guarded.ACROSS: Action.NAMESPACE_CLONE_ACROSS,
}


@dataclass(frozen=True, slots=True)
class SecondPerson:
    """The second person that a plan needs: who may be it, and whether the actor is."""

    is_actor: bool
    people: list[str]


def is_second(actor: Actor, saved: SavedPlan) -> bool:
    """Tell whether the actor is a signed-in person other than the plan's maker."""
    return second_person.may_confirm(actor, saved.made_by_person)


def approval_of(actor: Actor, saved: SavedPlan) -> Approval | None:
    """Return the approval that the actor's confirmation is; None by the maker."""
    if not is_second(actor, saved):
        return None
    return Approval(saved.plan_id, saved.made_by_person, saved.made_by_label)


def needed(
    actor: Actor, saved: SavedPlan, wanted: Wanted, shown: Preview
) -> SecondPerson | None:
    """Return the second person that the plan needs; None if one person is enough."""
    change = guard(actor, wanted, shown)
    if change is None:
        return None
    people = contacts_for(
        saved.organization_id, ACTIONS[change], besides=saved.made_by_person
    )
    return SecondPerson(is_second(actor, saved), people)


def guard(actor: Actor, wanted: Wanted, shown: Preview) -> Guarded | None:
    """Return the change for which a second person is required; None without one."""
    change = _guarded(wanted, shown)
    internal_id = shown.view.namespace.internal_id
    if change is None or not second_person.is_required(actor, internal_id, change):
        return None
    return change


def _guarded(wanted: Wanted, shown: Preview) -> Guarded | None:
    if isinstance(wanted, Unpatched):
        return wanted.guard(shown.view.namespace)
    return Guarded.TIER if shown.plan.moves else None
