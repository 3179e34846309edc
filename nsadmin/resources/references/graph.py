"""Who refers to whom among the resources of a namespace, and which ids name none. Pure.

Objects are left out: there may be a hundred thousand of them, and their references are
read apart (`objects`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from nsadmin.resources.references.document import Reference
from nsadmin.resources.references.fields import has_id_shape
from nsadmin.resources.references.kinds import Kind
from nsadmin.resources.references.resource import Resource

Key = tuple[str, str]  # kind and id
GRAPH_KINDS: Final[tuple[Kind, ...]] = (
    "buckets",
    "collections",
    "retrievers",
    "taxonomies",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A resource and what one of its fields names.

    `target` is None for an id that names nothing here: it `is_elsewhere` if it is of
    another namespace, else the reference is broken if it has to name something.
    """

    referrer: Resource
    reference: Reference
    target: Resource | None = None
    is_elsewhere: bool = False

    @property
    def is_to_itself(self) -> bool:
        """Whether a resource names itself."""
        own = (self.referrer.kind, self.referrer.id)
        return self.target is not None and (self.target.kind, self.target.id) == own

    @property
    def is_broken(self) -> bool:
        """Whether the id has to name something of this namespace, and does not."""
        missing = self.target is None and not self.is_elsewhere
        return missing and self.reference.is_required


@dataclass(frozen=True, slots=True)
class Graph:
    """The resources by kind and id, and the links between them.

    `left_out` counts, by kind, resources that were not read.
    """

    resources: Mapping[Key, Resource]
    links: tuple[Link, ...]
    left_out: Mapping[Kind, int] = field(default_factory=dict)
    _by_target: dict[Key, list[Link]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Sort the links by their targets."""
        for link in self.links:
            if link.target is not None:
                key = (link.target.kind, link.target.id)
                self._by_target.setdefault(key, []).append(link)

    def of_kind(self, kind: Kind) -> list[Resource]:
        """Return the resources of a kind, in the order of their ids."""
        return [r for (one, _), r in self.resources.items() if one == kind]

    def to(self, kind: Kind, resource_id: str) -> list[Link]:
        """Return the links that lead to a resource, from others than itself."""
        links = self._by_target.get((kind, resource_id), [])
        return [link for link in links if not link.is_to_itself]

    @property
    def broken(self) -> list[Link]:
        """The links whose ids name nothing, each id once for each field's name."""
        found: dict[tuple[str, str, str, str], Link] = {}
        for link in self.links:
            if link.is_broken:
                referrer = link.referrer
                key = (
                    *(referrer.kind, referrer.id),
                    *(without_positions(link.reference.field), link.reference.value),
                )
                found.setdefault(key, link)
        return list(found.values())


@dataclass(frozen=True, slots=True)
class Found:
    """What was read: resources with their references.

    `left_out` counts resources that were not read, by kind. Of these kinds only ids
    that were `asked` for are known: those that exist are in `beyond`.
    """

    resources: Iterable[tuple[Resource, list[Reference]]]
    left_out: Mapping[Kind, int] = field(default_factory=dict)
    asked: frozenset[Key] = frozenset()
    beyond: Mapping[Key, Resource] = field(default_factory=dict)

    def is_unsure(self, reference: Reference) -> bool:
        """Tell whether an id may name one of the resources that were not read."""
        return any(
            kind in self.left_out
            and not (
                (kind, reference.value) in self.asked and has_id_shape(reference.value)
            )
            for kind in reference.kinds
        )


def build(found: Found) -> Graph:
    """Return the graph of what was read."""
    pairs = list(found.resources)
    resources: dict[Key, Resource] = {}
    for resource, _ in pairs:
        resources.setdefault((resource.kind, resource.id), resource)
    names = Names({**found.beyond, **resources})
    foreign = _fed_from_elsewhere(pairs, names)
    links = [
        link
        for resource, references in pairs
        for link in _links(resource, references, names, foreign)
        if link.target is not None or not found.is_unsure(link.reference)
    ]
    return Graph(resources, tuple(links), found.left_out)


class Names:
    """Finds a resource by its id, and a collection also by its name."""

    def __init__(self, resources: Mapping[Key, Resource]) -> None:
        self._resources = resources
        self._collections: dict[str, Resource] = {}
        for (kind, _), resource in resources.items():
            if kind == "collections" and resource.name:
                self._collections.setdefault(resource.name, resource)

    def find(self, reference: Reference) -> Resource | None:
        """Return the resource that a reference names; None if there is none."""
        for kind in reference.kinds:
            resource = self._resources.get((kind, reference.value))
            if resource is None and kind == "collections":
                resource = self._collections.get(reference.value)
            if resource is not None:
                return resource
        return None


def _links(
    resource: Resource,
    references: Iterable[Reference],
    names: Names,
    foreign: frozenset[str],
) -> Iterator[Link]:
    """Yield the links of a resource; a mention that names nothing here is none."""
    for reference in references:
        target = None if reference.is_elsewhere else names.find(reference)
        is_elsewhere = reference.is_elsewhere or (
            target is None and _may_be_foreign(resource, reference, foreign)
        )
        if target is None and not is_elsewhere and not reference.is_required:
            continue
        yield Link(
            referrer=resource,
            reference=reference,
            target=target,
            is_elsewhere=is_elsewhere,
        )


def _may_be_foreign(
    resource: Resource, reference: Reference, foreign: frozenset[str]
) -> bool:
    """Tell whether an unknown bucket may be one of another namespace.

    A collection over buckets of another namespace hands their ids on to those that are
    made of it, and filters compare with them.
    """
    if "buckets" not in reference.kinds or not foreign:
        return False
    is_handed_on = reference.use == "copy" and resource.id in foreign
    return is_handed_on or reference.use == "filter"


def _fed_from_elsewhere(
    pairs: Iterable[tuple[Resource, list[Reference]]], names: Names
) -> frozenset[str]:
    """Return the ids of collections over another namespace, and of those over them."""
    fed: dict[str, set[str]] = defaultdict(set)
    found: list[str] = []
    for resource, references in pairs:
        if resource.kind != "collections":
            continue
        if any(r.is_elsewhere for r in references):
            found.append(resource.id)
        for reference in references:
            source = names.find(reference) if reference.feeds else None
            if source is not None and source.kind == "collections":
                fed[source.id].add(resource.id)
    seen = set(found)
    while found:
        for below in fed[found.pop()] - seen:
            seen.add(below)
            found.append(below)
    return frozenset(seen)


def without_positions(path: str) -> str:
    """Return the path of a field without the positions in lists."""
    head, *rest = path.split("[")
    return head + "".join(f"[]{part.partition(']')[2]}" for part in rest)
