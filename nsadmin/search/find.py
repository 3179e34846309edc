"""Searching across everything that an actor may see, and what they may ask to see.

The index only proposes entries. Each is shown from its own row, read through the
actor's visibility, so that an old entry shows nothing that is gone or was taken away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.access.permissions import Action
from nsadmin.audit import record
from nsadmin.namespaces.read import queries
from nsadmin.search import shown
from nsadmin.search.hits import Group, Hit, Withheld
from nsadmin.trigrams import index
from nsadmin.trigrams.index import Found
from nsadmin.trigrams.models import EVERYBODY, Kind
from nsadmin.trigrams.words import Query

# Rows per group of the page, and of the suggestions.
PER_PAGE, PER_SUGGESTION = 25, 5
GROUPS: dict[str, tuple[Kind, ...]] = {
    "namespaces": (Kind.NAMESPACE,),
    "resources": (Kind.COLLECTION, Kind.RETRIEVER),
    "jobs": (Kind.JOB,),
    "people": (Kind.PERSON,),
}
# What staff learn of organizations without a session: never that a person is there.
_TOLD_ELSEWHERE = (Kind.NAMESPACE, Kind.COLLECTION, Kind.RETRIEVER)
# So many more than are shown: some may be gone since they were indexed.
_SPARE = 5
SEARCHED = "support:search"


def find(
    actor: Actor, query: Query, *, limit: int, elsewhere: bool = False
) -> list[Group]:
    """Return the groups that have something, with up to `limit` lines each.

    With `elsewhere` staff also learn in which other organizations something matches;
    the caller records such a search. Raises Unavailable if the database does not
    answer.
    """
    if not query.words:
        return []
    search = _Search(actor, query, _owners(actor), limit, elsewhere)
    groups = [search.group(name, kinds) for name, kinds in GROUPS.items()]
    _look(actor, (hit for group in groups for hit in group.hits))
    return [group for group in groups if group.count]


def recent(actor: Actor) -> list[Hit]:
    """Return the namespaces that changed last, for a search that is not typed yet."""
    rows = queries.visible(actor).order_by("-updated_at", "namespace_id")
    nothing = Query("", ())
    hits = shown.namespace_hits(actor, list(rows.only(*shown.SHOWN)[:5]), nothing)
    _look(actor, hits)
    return hits


def is_across(actor: Actor) -> bool:
    """Tell whether the actor searches the organizations of others too."""
    return actor.may(Action.SUPPORT_ASK)


def record_search(actor: Actor, query: Query) -> None:
    """Record a search across organizations in the audit of the operator."""
    if is_across(actor) and query.words:
        record.record(
            action=SEARCHED,
            summary=f"Searched all organizations for “{query.text}”.",
            actor=actor,
            organization_id=actor.organization_id,
        )


def _look(actor: Actor, hits: Iterable[Hit]) -> None:
    """Tell the actor whose data is about to be shown, as `Actor.sees` asks for."""
    for internal_id in {hit.internal_id for hit in hits}:
        actor.sees(internal_id)


def _owners(actor: Actor) -> list[int] | None:
    visible = actor.visible_internal_ids
    return None if visible is None else index.owner_numbers(visible)


@dataclass(frozen=True, slots=True)
class _Search:
    """One search; `owners` are those whose things the actor may see, None for all."""

    actor: Actor
    query: Query
    owners: list[int] | None
    limit: int
    elsewhere: bool

    def group(self, name: str, kinds: Sequence[Kind]) -> Group:
        hits = [hit for kind in kinds for hit in self._hits(kind)]
        withheld: list[Withheld] = []
        if self.elsewhere and is_across(self.actor) and self.owners is not None:
            places = [kind for kind in kinds if kind in _TOLD_ELSEWHERE]
            withheld = _withheld(self.actor, places, self.query)
        left = max(0, self.limit - len(hits))
        return Group(
            key=name,
            hits=hits[: self.limit],
            withheld=withheld[:left],
            has_more=len(hits) + len(withheld) > self.limit,
        )

    def _hits(self, kind: Kind) -> list[Hit]:
        found = index.ask(kind, self.query, self.owners)
        found.sort(key=lambda entry: _rank(entry, self.query))
        proposed = found[: self.limit + _SPARE]
        return shown.hits(self.actor, kind, proposed, self.query)


def _rank(entry: Found, query: Query) -> tuple[int, int]:
    """Return the order of entries: exact, by the name's beginning, by name, newest."""
    name, wanted = entry.name_key, query.name_key
    if wanted in (name, entry.key.casefold(), entry.resource_id.casefold()):
        place = 0
    elif name.startswith(wanted):
        place = 1
    else:
        place = 2 if all(word in name for word in query.words) else 3
    return place, -entry.id


def _withheld(actor: Actor, kinds: Iterable[Kind], query: Query) -> list[Withheld]:
    """Return what matches elsewhere: one line for each kind and namespace.

    Neither their number nor their order tells what matched.
    """
    visible = actor.visible_internal_ids or frozenset()
    places = {
        (kind, entry.internal_id, entry.namespace_id)
        for kind in kinds
        for entry in index.ask(kind, query, None)
        if entry.internal_id not in {*visible, EVERYBODY}
    }
    rows = Organization.objects.filter(internal_id__in={p[1] for p in places})
    owners = {row.internal_id: row for row in rows} if places else {}
    return sorted(
        Withheld(
            kind=kind,
            namespace_id=namespace_id,
            organization=owners[internal_id].name,
            organization_id=owners[internal_id].organization_id,
        )
        for kind, internal_id, namespace_id in places
        if internal_id in owners
    )
