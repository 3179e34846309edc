"""Changes of namespaces and of organizations that people made."""

from datetime import datetime

from nsadmin.access.models import Organization
from nsadmin.access.organization import invitations
from nsadmin.access.permissions import Role
from nsadmin.audit.models import WRITTEN, AuditEvent
from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.data.people import HALDEN, NORTHLIGHT
from nsadmin.embedded.seed.history.people import actor_of, user_of
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.plan.index_steps import declared_list
from nsadmin.namespaces.plan.protection import Protection
from nsadmin.namespaces.plan.revert import revert_of
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.schema.document import Raw
from nsadmin.namespaces.schema.patch import NamespacePatch, parse_patch

_AIRFIELDS = BY_SLUG["airfields-of-the-world"].namespace_id
WEATHER = BY_SLUG["seattle-weather-desk"].namespace_id
_ARCHIVE = BY_SLUG["car-spotter-archive"].namespace_id
_LANGUAGES = BY_SLUG["languages-of-the-world"].namespace_id
_HERITAGE = BY_SLUG["heritage-notes"].namespace_id


def describe_weather(_at: datetime) -> None:
    """Marco says where the reports come from."""
    text = "Four years of weather reports from Seattle: pictures and what was said."
    commit.commit(actor_of("marco", NORTHLIGHT), WEATHER, patched(description=text))


def describe_languages(_at: datetime) -> None:
    """Robin, of two organizations, describes the museum's languages."""
    text = "Languages with their names in other languages, from ISO 639."
    commit.commit(actor_of("robin", HALDEN), _LANGUAGES, patched(description=text))


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
    issued.invitation.expires_at = at + invitations.LIFETIME
    issued.invitation.save(update_fields=["created_at", "expires_at"])


def pause_automatic_indexes(_at: datetime) -> None:
    """Noor stops automatic indexes while an import runs."""
    patch = patched(auto_create_indexes=False)
    commit.commit(actor_of("noor", NORTHLIGHT), _AIRFIELDS, patch)


def resume_automatic_indexes(_at: datetime) -> None:
    """Noor allows them again."""
    patch = patched(auto_create_indexes=True)
    commit.commit(actor_of("noor", NORTHLIGHT), _AIRFIELDS, patch)


def index_cities(_at: datetime) -> None:
    """Marco adds an index that turns out to be of no use."""
    patch = with_index("marco", _AIRFIELDS, "metadata.city", "keyword")
    commit.commit(actor_of("marco", NORTHLIGHT), _AIRFIELDS, patch)


def revert_cities(_at: datetime) -> None:
    """Noor reverts it the day after."""
    # Accepted, if Qdrant did not answer in time: its steps are then still to be done.
    event = AuditEvent.objects.filter(
        namespace_id=_AIRFIELDS,
        outcome__in=WRITTEN,
        summary__contains="metadata.city",
    ).latest("at")
    request = revert_of(event.op_id, event.changes)
    commit.commit(actor_of("noor", NORTHLIGHT), _AIRFIELDS, request)


def index_seasons(_at: datetime) -> None:
    """Marco adds an index to the weather reports."""
    patch = with_index("marco", WEATHER, "metadata.season", "keyword")
    commit.commit(actor_of("marco", NORTHLIGHT), WEATHER, patch)


def drop_seasons(_at: datetime) -> None:
    """Marco drops it himself."""
    kept = _declared("marco", WEATHER, besides="metadata.season")
    commit.commit(actor_of("marco", NORTHLIGHT), WEATHER, patched(payload_indexes=kept))


def describe_heritage(_at: datetime) -> None:
    """Malik corrects the description of the notes."""
    text = "Language families and former countries; not indexed yet."
    commit.commit(actor_of("malik", HALDEN), _HERITAGE, patched(description=text))


def protect_the_archive(_at: datetime) -> None:
    """Noor protects the archive while the old pictures are counted."""
    commit.commit(actor_of("noor", NORTHLIGHT), _ARCHIVE, Protection(protect=True))


def release_the_archive(_at: datetime) -> None:
    """Noor takes the protection away."""
    commit.commit(actor_of("noor", NORTHLIGHT), _ARCHIVE, Protection(protect=False))


def with_index(person: str, namespace_id: str, field: str, kind: str) -> NamespacePatch:
    """Return the request that adds an index to those that there are.

    A request replaces the whole list, so it names the others too.
    """
    declared = _declared(person, namespace_id)
    return patched(payload_indexes=[*declared, {"field_name": field, "type": kind}])


def _declared(person: str, namespace_id: str, *, besides: str = "") -> list[Raw]:
    view = queries.get_stored(actor_of(person, NORTHLIGHT), namespace_id)
    return declared_list(view.namespace, besides)


def patched(**body: object) -> NamespacePatch:
    """Return the request of a PATCH body."""
    return parse_patch(body)
