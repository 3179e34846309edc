"""Templates that people saved from their namespaces."""

from datetime import datetime

from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.data.people import HALDEN, NORTHLIGHT, OrganizationSpec
from nsadmin.embedded.seed.history.people import actor_of
from nsadmin.templates import service
from nsadmin.templates.fields import parse_template
from nsadmin.templates.models import NamespaceTemplate


def save_reports(at: datetime) -> None:
    """Noor saves the configuration of the weather reports for other desks."""
    _save(
        at,
        ("noor", NORTHLIGHT, "seattle-weather-desk"),
        template_name="Dated reports with pictures",
        description="Pictures, speech and text; indexes for place, date and words.",
        category="media",
        tags=["newsroom", "pictures"],
    )


def save_word_lists(at: datetime) -> None:
    """Hanna saves that of the languages for further lists of the museum."""
    _save(
        at,
        ("hanna", HALDEN, "languages-of-the-world"),
        template_name="Names in many languages",
        description="Text in any script; the title is indexed word by word.",
        category="reference",
        tags=["multilingual"],
    )


def _save(
    at: datetime, source: tuple[str, OrganizationSpec, str], **body: object
) -> None:
    person, organization, slug = source
    template = service.create_from_namespace(
        actor_of(person, organization),
        BY_SLUG[slug].namespace_id,
        parse_template(body),
    )
    rows = NamespaceTemplate.objects.filter(pk=template.pk)
    rows.update(created_at=at, updated_at=at)
