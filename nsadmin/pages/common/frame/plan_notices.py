"""The notice of plans that wait for the person who looks as their second person."""

from dataclasses import dataclass

from nsadmin.access.actor import Actor
from nsadmin.pages.common import change_titles
from nsadmin.plans import finding
from nsadmin.plans.models import SavedPlan


@dataclass(frozen=True, slots=True)
class PlanNotices:
    """The plan that was made last, with its title, and the number of all."""

    newest: SavedPlan | None = None
    title: str = ""
    count: int = 0


def plan_notices(actor: Actor, organization_id: str) -> PlanNotices:
    """Return the plans of an organization that wait for the actor."""
    found = finding.waiting(actor, organization_id)
    if not found:
        return PlanNotices()
    title = change_titles.planned_title(found[0].shown.get("steps", []))
    return PlanNotices(found[0], title, len(found))
