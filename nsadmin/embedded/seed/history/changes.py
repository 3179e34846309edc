"""Changes of namespaces and of organizations that people made."""

from datetime import datetime

from nsadmin.access.models import Organization
from nsadmin.access.organization import invitations
from nsadmin.access.permissions import Role
from nsadmin.audit.models import AuditEvent
from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.data.people import HALDEN, NORTHLIGHT
from nsadmin.embedded.seed.history.people import actor_of, user_of
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.plan.protection import Protection
from nsadmin.namespaces.plan.revert import revert_of
from nsadmin.namespaces.schema.patch import NamespacePatch, parse_patch
from nsadmin.plans import service
from nsadmin.plans.models import KEPT_FOR, SavedPlan

_WEATHER = BY_SLUG["seattle-weather-desk"].namespace_id
_ARCHIVE = BY_SLUG["car-spotter-archive"].namespace_id
_LANGUAGES = BY_SLUG["languages-of-the-world"].namespace_id
_HERITAGE = BY_SLUG["heritage-notes"].namespace_id


def describe_weather(_at: datetime) -> None:
    """Marco says where the reports come from."""
    text = "Four years of weather reports from Seattle: pictures and what was said."
    commit.commit(actor_of("marco", NORTHLIGHT), _WEATHER, _patch(description=text))


def describe_languages(_at: datetime) -> None:
    """Robin, of two organizations, describes the museum's languages."""
    text = "Languages with their names in other languages, from ISO 639."
    commit.commit(actor_of("robin", HALDEN), _LANGUAGES, _patch(description=text))


def invite_ines(at: datetime) -> None:
    """Noor invites a colleague, who has not answered yet."""
    organization = Organization.objects.get(pk=NORTHLIGHT.organization_id)
    issued = invitations.invite(
        actor_of("noor", NORTHLIGHT),
        organization,
        user_of("noor"),
        email="ines@northlight.example",
        name="Ines Duarte",
        role=Role.MEMBER,
    )
    issued.invitation.created_at = at
    issued.invitation.save(update_fields=["created_at"])


def index_seasons(_at: datetime) -> None:
    """Marco adds an index that turns out to be of no use."""
    _add_index("marco", _WEATHER, "metadata.season", "keyword")


def revert_seasons(_at: datetime) -> None:
    """Noor reverts it the day after."""
    events = AuditEvent.objects.filter(namespace_id=_WEATHER, outcome="done")
    event = next(e for e in events if "metadata.season" in e.summary)
    request = revert_of(event.op_id, event.changes)
    commit.commit(actor_of("noor", NORTHLIGHT), _WEATHER, request)


def describe_heritage(_at: datetime) -> None:
    """Malik corrects the description of the notes."""
    text = "Language families and former countries; not indexed yet."
    commit.commit(actor_of("malik", HALDEN), _HERITAGE, _patch(description=text))


def protect_the_archive(_at: datetime) -> None:
    """Noor protects the archive while the old pictures are counted."""
    commit.commit(actor_of("noor", NORTHLIGHT), _ARCHIVE, Protection(protect=True))


def release_the_archive(_at: datetime) -> None:
    """Noor takes the protection away."""
    commit.commit(actor_of("noor", NORTHLIGHT), _ARCHIVE, Protection(protect=False))


def confirm_the_plan_of_marco(at: datetime) -> None:
    """Marco makes a plan; Noor opens its link and confirms it."""
    text = "Employment by sector, 2006 to 2015, for the business desk; monthly."
    namespace_id = BY_SLUG["labour-market-clips"].namespace_id
    plan = service.keep(
        actor_of("marco", NORTHLIGHT),
        namespace_id,
        _patch(description=text),
        source="api",
    )
    service.confirm(actor_of("noor", NORTHLIGHT), plan, ticks=set())
    SavedPlan.objects.filter(pk=plan.pk).update(
        made_at=at, expires_at=at + KEPT_FOR, confirmed_at=at
    )


def plan_a_float_index(at: datetime) -> None:
    """Marco leaves a plan for Noor to look at."""
    index = {"field_name": "metadata.wind_ms", "type": "float"}
    plan = service.keep(
        actor_of("marco", NORTHLIGHT),
        _WEATHER,
        _patch(payload_indexes=[index]),
        source="api",
    )
    SavedPlan.objects.filter(pk=plan.pk).update(made_at=at, expires_at=at + KEPT_FOR)


def _add_index(person: str, namespace_id: str, field: str, kind: str) -> None:
    index = {"field_name": field, "type": kind}
    patch = _patch(payload_indexes=[index])
    commit.commit(actor_of(person, NORTHLIGHT), namespace_id, patch)


def _patch(**body: object) -> NamespacePatch:
    return parse_patch(body)
