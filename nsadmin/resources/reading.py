"""Reading the graph of a namespace from MongoDB, bounded in documents and bytes."""

from collections.abc import Iterable
from typing import Final

from nsadmin.resources.references.document import Reference, references_of
from nsadmin.resources.references.graph import GRAPH_KINDS, Found, Graph, Key, build
from nsadmin.resources.references.kinds import WORDS, Kind, is_kind
from nsadmin.resources.references.resource import LISTED_FIELDS, Raw, Resource, read
from nsadmin.stores.mongo import resource_reads as store
from nsadmin.stores.mongo.keys import key_text

# Documents of one kind, and their bytes. A namespace has dozens.
MOST_OF_A_KIND: Final = 1000
_MOST_BYTES: Final = 16 * 1024 * 1024
_GRAPH_S: Final = 3.0
# Ids that are asked for because they are beyond what was read.
_MOST_ASKED: Final = 500

Pairs = list[tuple[Resource, list[Reference]]]


def resource_of(kind: Kind, raw: Raw) -> Resource:
    """Return the resource of a stored document."""
    return read(kind, raw, key_text=key_text)


def graph_of(namespace_id: str) -> Graph:
    """Return who refers to whom, without objects, in at most eight reads.

    Raises Unavailable if MongoDB does not answer.
    """
    pairs: Pairs = []
    left_out: dict[Kind, int] = {}
    for kind in GRAPH_KINDS:
        found, is_cut = _of_kind(kind, namespace_id)
        pairs += found
        if is_cut:
            left_out[kind] = _number_left(kind, namespace_id, len(found))
    asked = _unread(pairs, left_out)
    beyond: dict[Key, Resource] = {}
    for kind in left_out:
        ids = [value for of, value in asked if of == kind]
        beyond |= existing(kind, namespace_id, ids)
    return build(Found(pairs, left_out, frozenset(asked), beyond))


def _of_kind(kind: Kind, namespace_id: str) -> tuple[Pairs, bool]:
    limit = MOST_OF_A_KIND + 1
    found = store.page(
        kind, namespace_id, limit=limit, most_bytes=_MOST_BYTES, within_s=_GRAPH_S
    )
    documents = found.documents[:MOST_OF_A_KIND]
    is_cut = found.is_cut or len(found.documents) == limit
    pairs = [
        (resource_of(kind, raw), references_of(kind, raw, namespace_id))
        for raw in documents
    ]
    return pairs, is_cut


def _number_left(kind: Kind, namespace_id: str, have: int) -> int:
    total = store.count_naming(
        kind, namespace_id, field="namespace_id", value=namespace_id
    )
    return max(1, total - have)


def _unread(pairs: Pairs, left_out: Iterable[Kind]) -> list[Key]:
    """Return ids of cut kinds that others refer to and that were not read."""
    have = {(resource.kind, resource.id) for resource, _ in pairs}
    found: list[Key] = []
    for kind in left_out:
        asked = dict.fromkeys(
            (kind, reference.value)
            for _, references in pairs
            for reference in references
            if kind in reference.kinds and (kind, reference.value) not in have
        )
        found += list(asked)[:_MOST_ASKED]
    return found


def existing(kind: Kind, namespace_id: str, ids: list[str]) -> dict[Key, Resource]:
    """Return the resources that exist among these ids."""
    rows = store.by_ids(kind, namespace_id, ids, LISTED_FIELDS[kind])
    resources = [resource_of(kind, raw) for raw in rows]
    return {(kind, resource.id): resource for resource in resources}


def names_of(kinds: Iterable[str]) -> str:
    """Return the kinds of a reference in words, such as `bucket or collection`."""
    return " or ".join(WORDS[kind].one for kind in kinds if is_kind(kind))
