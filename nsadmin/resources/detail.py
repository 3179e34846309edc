"""One resource with its document, what it refers to, and what refers to it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nsadmin.audit.masking import mask
from nsadmin.errors import NotFound, NsadminError
from nsadmin.resources import reading
from nsadmin.resources.references.document import Reference, references_of
from nsadmin.resources.references.graph import (
    Found,
    Graph,
    Key,
    Link,
    build,
    without_positions,
)
from nsadmin.resources.references.kinds import KINDS, WORDS, Kind
from nsadmin.resources.references.resource import STAND_IN, Resource
from nsadmin.stores.mongo import resource_reads as store
from nsadmin.stores.mongo.keys import key_of

# Rows of "Refers to" and "Referred to by", and objects named as examples.
MOST_ROWS: Final = 50
MOST_OBJECTS: Final = 5
# Levels of a document that are kept; pages show fewer.
_DEEPEST: Final = 30
# The fields of objects that name other resources.
_OBJECT_FIELDS: Final[Mapping[Kind, str]] = {
    "buckets": "bucket_id",
    "objects": "edges.target_object_id",
    "collections": "edges.target_collection_id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a list of references: the other resource and the fields between.

    `other` is None for an id that names nothing here; `value` is that id, and `kinds`
    what it should be in words.
    """

    other: Resource | None
    value: str
    kinds: str
    fields: tuple[str, ...]
    is_broken: bool = False
    is_elsewhere: bool = False

    @property
    def kind_word(self) -> str:
        """The kind of the other resource in words, or what it should be."""
        return WORDS[self.other.kind].one if self.other else self.kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """Objects that refer to a resource; `count` is None where it is not counted."""

    examples: tuple[Resource, ...] = ()
    count: int | None = None
    has_more: bool = False
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A resource as its page shows it.

    `document` is masked and cut in depth. `is_ambiguous` says that a second document
    has the same id. `left_out` counts resources that were not looked through for
    references. `referrers` and `objects` are None if MongoDB did not answer for them.
    """

    resource: Resource
    document: Mapping[str, Any]
    is_ambiguous: bool = False
    targets: tuple[Row, ...] = ()
    referrers: tuple[Row, ...] | None = None
    objects: Objects | None = None
    left_out: int = 0


def detail(kind: Kind, namespace_id: str, address: str) -> Detail:
    """Return the resource at an address of a page; raise NotFound or Unavailable."""
    documents = _stored(kind, namespace_id, address)
    if not documents:
        word = WORDS[kind].one
        raise NotFound(
            f"There is no such {word} in this namespace.",
            details={"resource": word, "id": address[:200]},
        )
    raw = documents[0]
    resource = reading.resource_of(kind, raw)
    references = references_of(kind, raw, namespace_id)
    graph = _graph(namespace_id)
    return Detail(
        resource=resource,
        document=mask(_shallow(raw, _DEEPEST)),
        is_ambiguous=len(documents) > 1,
        targets=_targets(resource, references, namespace_id, graph),
        referrers=None if graph is None else _referrers(graph, resource),
        objects=_objects(kind, namespace_id, resource.id),
        left_out=sum(graph.left_out.values()) if graph is not None else 0,
    )


def _stored(kind: Kind, namespace_id: str, address: str) -> list[dict[str, Any]]:
    if "\0" in address:
        return []
    if not address.startswith(STAND_IN):
        return store.by_id(kind, namespace_id, address)
    try:
        found = store.by_key(kind, namespace_id, key_of(address[1:]))
    except LookupError:
        return []
    return [] if found is None else [found]


def _graph(namespace_id: str) -> Graph | None:
    try:
        return reading.graph_of(namespace_id)
    except NsadminError:
        return None


def _targets(
    resource: Resource,
    references: list[Reference],
    namespace_id: str,
    graph: Graph | None,
) -> tuple[Row, ...]:
    """Return what a resource refers to."""
    if resource.kind == "objects":
        links = _links_of_object(resource, references, namespace_id)
    elif graph is None:
        return ()
    else:
        own = (resource.kind, resource.id)
        links = [
            link
            for link in graph.links
            if (link.referrer.kind, link.referrer.id) == own
            and not (link.is_to_itself and link.reference.use == "copy")
        ]
    return tuple(_rows(links, lambda link: link.target))


def _links_of_object(
    resource: Resource, references: list[Reference], namespace_id: str
) -> Sequence[Link]:
    found: dict[Key, Resource] = {}
    try:
        for kind in KINDS:
            ids = [r.value for r in references if kind in r.kinds]
            found |= reading.existing(kind, namespace_id, list(dict.fromkeys(ids)))
    except NsadminError:
        return ()
    return build(Found([(resource, references)], beyond=found)).links


def _referrers(graph: Graph, resource: Resource) -> tuple[Row, ...]:
    links = graph.to(resource.kind, resource.id)
    return tuple(_rows(links, lambda link: link.referrer))


def _rows(
    links: Iterable[Link], other_of: Callable[[Link], Resource | None]
) -> Iterable[Row]:
    """Yield a row for each other resource, with the names of the fields between."""
    groups: dict[tuple[str, str], list[Link]] = {}
    for link in links:
        other = other_of(link)
        key = (other.kind, other.id) if other else ("", link.reference.value)
        groups.setdefault(key, []).append(link)
    for found in groups.values():
        first = found[0]
        fields = dict.fromkeys(without_positions(x.reference.field) for x in found)
        yield Row(
            other=other_of(first),
            value=first.reference.value,
            kinds=reading.names_of(first.reference.kinds) or "namespace",
            fields=tuple(fields),
            is_broken=any(link.is_broken for link in found),
            is_elsewhere=first.is_elsewhere,
        )


def _objects(kind: Kind, namespace_id: str, resource_id: str) -> Objects | None:
    """Return the objects that refer to a resource; None if that is not known."""
    field = _OBJECT_FIELDS.get(kind)
    if field is None or not resource_id:
        return Objects()
    try:
        rows = store.naming(
            "objects", namespace_id, field=field, value=resource_id, limit=6
        )
        count = None
        if kind == "buckets":
            count = store.count_naming(
                "objects", namespace_id, field=field, value=resource_id
            )
    except NsadminError:
        return None
    examples = tuple(reading.resource_of("objects", raw) for raw in rows)
    return Objects(
        examples=examples[:MOST_OBJECTS],
        count=count,
        has_more=len(rows) > MOST_OBJECTS,
        field=field,
    )


def _shallow(value: Any, depth: int) -> Any:
    """Return a copy down to a depth, so that what follows may recurse into it."""
    if isinstance(value, Mapping):
        if not depth:
            return {"…": "deeper levels are not shown"}
        return {key: _shallow(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list):
        if not depth:
            return ["… deeper levels are not shown"]
        return [_shallow(inner, depth - 1) for inner in value]
    return value
