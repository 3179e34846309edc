"""Changes that two people make together, where an organization asks for it.

One person makes the plan of such a change, another confirms it. Neither can do it
alone: each function that carries one out calls `require`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.errors import Conflict

CODE: Final = "second_person_required"


class Guarded(StrEnum):
    """The kinds of changes for which a second person can be required."""

    TIER = "tier"
    DELETE = "delete"
    ACROSS = "across"


# What each of them is, as the end of a sentence.
MEANINGS: Final = {
    Guarded.TIER: "moving a namespace to another tier or cluster",
    Guarded.DELETE: "deleting a namespace, or letting it expire earlier",
    Guarded.ACROSS: "copying a namespace to another organization",
}


@dataclass(frozen=True, slots=True)
class Approval:
    """A plan that another person made; `maker_person` is the user behind its maker."""

    plan_id: str
    maker_person: str
    maker_label: str

    @property
    def sentence(self) -> str:
        """Both names for the audit, which has the second as its actor."""
        return f"Planned by {self.maker_label} ({self.plan_id})."


def required_of(internal_id: str) -> frozenset[Guarded]:
    """Return the changes for which an organization requires a second person."""
    rows = Organization.objects.filter(internal_id=internal_id)
    stored = rows.values_list("second_person", flat=True).first() or []
    return frozenset(set(Guarded).intersection(stored))


def is_required(actor: Actor, internal_id: str, change: Guarded) -> bool:
    """Tell whether this actor needs a second person; nsadmin itself does not."""
    return not actor.sees_all and change in required_of(internal_id)


def may_confirm(actor: Actor, maker_person: str) -> bool:
    """Tell whether the actor is a signed-in person other than the maker."""
    return actor.kind == "user" and actor.id != maker_person


def require(
    actor: Actor, internal_id: str, change: Guarded, approval: Approval | None
) -> None:
    """Raise Conflict if the change needs a second person and the actor is not one."""
    if not is_required(actor, internal_id, change):
        return
    if approval is not None and may_confirm(actor, approval.maker_person):
        return
    raise Conflict(
        f"The organization requires a second person for {MEANINGS[change]}. Make a "
        "plan; another person confirms it, signed in, on its page.",
        code=CODE,
        details={"change": change.value},
    )


def with_approval(summary: str, approval: Approval | None) -> str:
    """Return the summary for the audit, with the maker of the plan if there is one."""
    return summary if approval is None else f"{summary} {approval.sentence}"
