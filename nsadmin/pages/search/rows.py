"""Groups of hits as the box and the page list them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nsadmin.access.actor import Actor
from nsadmin.pages.common.badges import JOBS, Badge
from nsadmin.pages.search.addresses import address_of, ask_for_access
from nsadmin.pages.templatetags.formatting import role_word
from nsadmin.search.hits import Group, Hit, Withheld
from nsadmin.trigrams.models import Kind
from nsadmin.trigrams.words import Piece

TITLES: Mapping[str, str] = {
    "namespaces": "Namespaces",
    "resources": "Resources",
    "jobs": "Jobs",
    "people": "People",
}
_KINDS: Mapping[Kind, tuple[str, str]] = {
    Kind.NAMESPACE: ("database", "Namespace"),
    Kind.COLLECTION: ("sitemap", "Collection"),
    Kind.RETRIEVER: ("list-search", "Retriever"),
    Kind.JOB: ("activity-heartbeat", "Job"),
    Kind.PERSON: ("user", "Person"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a link with an icon, a name and what is known beside it."""

    href: str
    icon: str
    kind: str
    name: list[Piece]
    id: list[Piece]
    evidence: list[Piece]
    place: str = ""
    organization: str = ""
    badge: Badge | None = None
    is_withheld: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A group with its title; `is_cut` if it has more than these rows."""

    key: str
    title: str
    rows: list[Row]
    is_cut: bool = False


def sections(actor: Actor, groups: Iterable[Group]) -> list[Section]:
    """Return the groups in words."""
    return [
        Section(
            key=group.key,
            title=TITLES[group.key],
            rows=[
                *(row_of(actor, hit) for hit in group.hits),
                *(_withheld(row) for row in group.withheld),
            ],
            is_cut=group.has_more,
        )
        for group in groups
    ]


def row_of(actor: Actor, hit: Hit) -> Row:
    """Return the row of a hit; one without a name is called by its id."""
    icon, kind = _KINDS[hit.kind]
    is_named = any(piece.text for piece in hit.name)
    return Row(
        href=address_of(actor, hit),
        icon=icon,
        kind=_word(hit, kind),
        name=hit.name if is_named else hit.id,
        id=hit.id if is_named and hit.name != hit.id else [],
        evidence=hit.evidence,
        place="" if hit.kind is Kind.NAMESPACE else hit.namespace_name,
        organization=hit.organization,
        badge=JOBS.get(hit.state),
    )


def _word(hit: Hit, kind: str) -> str:
    """Return what the title of the group does not say."""
    if hit.kind is Kind.PERSON:
        return role_word(hit.state)
    return "" if hit.kind is Kind.NAMESPACE else kind


def _withheld(row: Withheld) -> Row:
    _, kind = _KINDS[row.kind]
    return Row(
        href=ask_for_access(row),
        icon="lock",
        kind=kind,
        name=[Piece(kind)],
        id=[Piece(row.namespace_id)] if row.namespace_id else [],
        evidence=[],
        organization=row.organization,
        is_withheld=True,
    )
