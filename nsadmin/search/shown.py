"""Turning entries into hits: from the rows that the actor may see now."""

from collections.abc import Callable, Mapping, Sequence

from nsadmin.access.actor import Actor
from nsadmin.access.models import Membership, Organization
from nsadmin.access.permissions import Action
from nsadmin.jobs import queries as job_queries
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import queries
from nsadmin.search.hits import Hit
from nsadmin.trigrams.index import Found
from nsadmin.trigrams.models import Kind
from nsadmin.trigrams.words import Piece, Query, excerpt, first_with, marked

_MOST_DOCUMENTS = 50
SHOWN = (
    "namespace_id",
    "internal_id",
    "name",
    "description",
    "extractor_ids",
    "updated_at",
)


def hits(actor: Actor, kind: Kind, found: Sequence[Found], query: Query) -> list[Hit]:
    """Return the hits of these entries, in their order, without what is not visible."""
    return _LOADERS[kind](actor, found, query) if found else []


def namespace_hits(
    actor: Actor, rows: Sequence[MirroredNamespace], query: Query
) -> list[Hit]:
    """Return rows of the mirror as hits."""
    owners = _organizations(actor, {row.internal_id for row in rows})
    named = {r.pk for r in rows if query.is_in(r.name, r.namespace_id)}
    evidence = {r.pk: [] if r.pk in named else _evidence(r, query) for r in rows}
    unexplained = [r.pk for r in rows if r.pk not in named and not evidence[r.pk]]
    # Only the document has the names of indexed fields; few hits need it.
    for row in MirroredNamespace.objects.filter(pk__in=unexplained[:_MOST_DOCUMENTS]):
        fields = [entry.field_name for entry in mirror.read_row(row).indexes]
        field = first_with(fields, query)
        evidence[row.pk] = [Piece("Field "), *marked(field, query)] if field else []
    return [
        Hit(
            kind=Kind.NAMESPACE,
            key=row.namespace_id,
            name=marked(row.name, query),
            id=marked(row.namespace_id, query),
            evidence=evidence[row.pk],
            namespace_id=row.namespace_id,
            **_owned(owners, row.internal_id),
        )
        for row in rows
    ]


def _evidence(row: MirroredNamespace, query: Query) -> list[Piece]:
    extractor = first_with([str(one) for one in row.extractor_ids], query)
    found = excerpt(row.description, query)
    if not found and extractor:
        found = [Piece("Extractor "), *marked(extractor, query)]
    return found


def _namespaces(actor: Actor, found: Sequence[Found], query: Query) -> list[Hit]:
    rows = queries.visible(actor).only(*SHOWN)
    by_id = {r.pk: r for r in rows.filter(pk__in=[entry.key for entry in found])}
    kept = [by_id[entry.key] for entry in found if entry.key in by_id]
    return namespace_hits(actor, kept, query)


def _resources(kind: Kind) -> Callable[[Actor, Sequence[Found], Query], list[Hit]]:
    def load(actor: Actor, found: Sequence[Found], query: Query) -> list[Hit]:
        ids = {entry.namespace_id for entry in found}
        rows = queries.visible(actor).only("namespace_id", "name", "internal_id")
        there = {row.pk: row for row in rows.filter(pk__in=ids)}
        owners = _organizations(actor, {row.internal_id for row in there.values()})
        return [
            Hit(
                kind=kind,
                key=entry.resource_id,
                name=marked(entry.name, query),
                id=marked(entry.resource_id, query),
                evidence=excerpt(entry.description, query),
                namespace_id=entry.namespace_id,
                namespace_name=there[entry.namespace_id].name,
                **_owned(owners, there[entry.namespace_id].internal_id),
            )
            for entry in found
            if entry.namespace_id in there
        ]

    return load


def _jobs(actor: Actor, found: Sequence[Found], query: Query) -> list[Hit]:
    keys = [entry.key for entry in found]
    jobs = job_queries.visible(actor).defer("inputs", "cursor", "outputs")
    rows = {str(job.pk): job for job in jobs.filter(job_id__in=keys)}
    kept = [rows[key] for key in keys if key in rows]
    owners = _organizations(actor, {job.internal_id for job in kept})
    return [
        Hit(
            kind=Kind.JOB,
            key=str(job.pk),
            name=marked(job.title, query),
            id=marked(str(job.pk), query),
            evidence=excerpt(job.error, query),
            namespace_id=job.namespace_id,
            namespace_name=job.namespace_name,
            state=job.state,
            **_owned(owners, job.internal_id),
        )
        for job in kept
    ]


def _people(actor: Actor, found: Sequence[Found], query: Query) -> list[Hit]:
    if not actor.may(Action.ORGANIZATION_READ):
        return []
    keys = [entry.key for entry in found]
    members = Membership.objects.select_related("user", "organization")
    rows = {str(member.pk): member for member in members.filter(pk__in=keys)}
    visible = actor.visible_internal_ids
    kept = [
        rows[key]
        for key in keys
        if key in rows
        and (visible is None or rows[key].organization.internal_id in visible)
    ]
    owners = _organizations(actor, {m.organization.internal_id for m in kept})
    return [
        Hit(
            kind=Kind.PERSON,
            key=str(member.pk),
            name=marked(str(member.user), query),
            id=marked(member.user.email, query),
            evidence=[],
            state=member.role,
            **_owned(owners, member.organization.internal_id),
        )
        for member in kept
    ]


def _organizations(
    actor: Actor, internal_ids: set[str]
) -> Mapping[str, tuple[str, str]]:
    """Return {internal id: (name, id)} for an actor who sees several organizations."""
    if not actor.may(Action.SUPPORT_ASK) or not internal_ids:
        return {}
    rows = Organization.objects.filter(internal_id__in=internal_ids)
    named = rows.values_list("internal_id", "name", "organization_id")
    return {internal_id: (name, public) for internal_id, name, public in named}


def _owned(owners: Mapping[str, tuple[str, str]], internal_id: str) -> dict[str, str]:
    name, public = owners.get(internal_id, ("", ""))
    return {"organization": name, "organization_id": public, "internal_id": internal_id}


_LOADERS: Mapping[Kind, Callable[[Actor, Sequence[Found], Query], list[Hit]]] = {
    Kind.NAMESPACE: _namespaces,
    Kind.COLLECTION: _resources(Kind.COLLECTION),
    Kind.RETRIEVER: _resources(Kind.RETRIEVER),
    Kind.JOB: _jobs,
    Kind.PERSON: _people,
}
