"""Plans that were kept: one was confirmed by another person, one is still open."""

from datetime import datetime

from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.data.people import NORTHLIGHT
from nsadmin.embedded.seed.history.changes import WEATHER, patched, with_index
from nsadmin.embedded.seed.history.people import actor_of
from nsadmin.plans import service
from nsadmin.plans.models import KEPT_FOR, SavedPlan


def confirm_the_plan_of_marco(at: datetime) -> None:
    """Marco makes a plan; Noor opens its link and confirms it."""
    text = "Employment by sector, 2006 to 2015, for the business desk; monthly."
    namespace_id = BY_SLUG["labour-market-clips"].namespace_id
    plan = service.keep(
        actor_of("marco", NORTHLIGHT),
        namespace_id,
        patched(description=text),
        source="api",
    )
    service.confirm(actor_of("noor", NORTHLIGHT), plan, ticks=set())
    SavedPlan.objects.filter(pk=plan.pk).update(
        made_at=at, expires_at=at + KEPT_FOR, confirmed_at=at
    )


def plan_a_float_index(at: datetime) -> None:
    """Marco leaves a plan for Noor to look at."""
    plan = service.keep(
        actor_of("marco", NORTHLIGHT),
        WEATHER,
        with_index("marco", WEATHER, "metadata.wind_ms", "float"),
        source="api",
    )
    SavedPlan.objects.filter(pk=plan.pk).update(made_at=at, expires_at=at + KEPT_FOR)
