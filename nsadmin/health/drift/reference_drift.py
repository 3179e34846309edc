"""Broken references of a namespace as differences: ids that name nothing in it."""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from nsadmin.errors import NsadminError
from nsadmin.health.drift.drift import Drift
from nsadmin.health.models import DriftRow
from nsadmin.names import clip
from nsadmin.resources import objects, reading
from nsadmin.resources.objects import ObjectsScan
from nsadmin.resources.references.graph import Link, without_positions
from nsadmin.resources.references.kinds import WORDS

BROKEN: Final = "reference_broken"
OF_OBJECTS: Final = "reference_objects"
KINDS: Final = (BROKEN, OF_OBJECTS)
_LONGEST_LABEL: Final = 60
_LONGEST_ID: Final = 80


# How far broken references are looked for: not at all, then the last ones found count;
# in all resources but objects; in objects too, which reads thousands of documents.
Reach = Literal["stored", "resources", "objects"]


def differences(namespace_id: str, reach: Reach) -> list[Drift]:
    """Return the broken references of a namespace.

    What is not looked for is as it was found last, and so is all while MongoDB is
    silent.
    """
    if reach == "stored":
        return _stored(namespace_id, KINDS)
    try:
        graph = reading.graph_of(namespace_id)
        found = list(_of_links(graph.broken))
        if reach == "objects":
            return [*found, *_of_objects(objects.scan(namespace_id, graph))]
    except NsadminError:
        return _stored(namespace_id, KINDS)
    return [*found, *_stored(namespace_id, (OF_OBJECTS,))]


def _of_links(links: Iterable[Link]) -> Iterator[Drift]:
    for link in links:
        resource = link.referrer
        label = clip(resource.label, _LONGEST_LABEL)
        named = label if label == resource.id else f"{label} ({resource.id})"
        field = without_positions(link.reference.field)
        value = clip(link.reference.value, _LONGEST_ID)
        yield Drift(
            kind=BROKEN,
            subject=f"{WORDS[resource.kind].one} {named}, field {field}, names {value}",
            wanted=reading.names_of(link.reference.kinds),
            right="nobody",
            way="reference",
        )


def _of_objects(scan: ObjectsScan) -> Iterator[Drift]:
    for fault in scan.faults:
        example = clip(fault.example, _LONGEST_ID)
        of = f" of the first {scan.read:,} objects" if not scan.is_whole else " objects"
        if scan.is_whole and fault.count == 1:
            of = " object"
        value = clip(fault.value, _LONGEST_ID)
        yield Drift(
            kind=OF_OBJECTS,
            subject=f"objects, field {fault.field}, name {value}",
            wanted=fault.kinds,
            actual=f"{fault.count:,}{of}, such as {example}",
            right="nobody",
            way="reference",
        )


def _stored(namespace_id: str, kinds: tuple[str, ...]) -> list[Drift]:
    rows = DriftRow.objects.filter(namespace_id=namespace_id, cluster="")
    return [
        Drift(
            kind=row.kind,
            subject=row.subject,
            wanted=row.wanted,
            actual=row.actual,
            right="nobody",
            way="reference",
        )
        for row in rows.filter(kind__in=kinds).order_by("pk")
    ]
