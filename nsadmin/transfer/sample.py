"""A random sample of points whose vectors have to arrive bit by bit."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from django.conf import settings

from nsadmin.errors import NotFound
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.bulk import raw_points
from nsadmin.stores.qdrant.bulk.raw_points import RawPoint
from nsadmin.transfer import vectors
from nsadmin.transfer.site import Site
from nsadmin.transfer.vectors import Scaled

LEAST: Final = 1000
_AT_ONCE: Final = 100

PointId = int | str


@dataclass(frozen=True, slots=True)
class SampleResult:
    """`compared` points of a sample: `equal` ones, and those written meanwhile.

    `written_since` counts points that the source has changed or deleted since the
    sample was drawn. `fault` is a sentence about a point that the source has as it was
    drawn and the target has not; empty if there is none.
    """

    compared: int
    equal: int
    written_since: int
    fault: str


def draw(source: Site, count: int = LEAST) -> dict[str, str]:
    """Return random points as {id: digest of its vectors}; drawn before the transfer.

    The points come from all shards, each with the same chance. Ids are texts, so that
    the sample can be kept as JSON.
    """
    ids = points.random_ids(
        source.cluster,
        source.collection,
        limit=count,
        timeout_s=float(settings.NSADMIN_CLUSTER_DEADLINE_S),
    )
    drawn: dict[str, str] = {}
    for some in _some(ids):
        found = raw_points.by_ids(source.cluster, source.collection, some)
        drawn |= {str(own_id): _digest(point) for own_id, point in found.items()}
    return drawn


def check(source: Site, target: Site, drawn: dict[str, str]) -> SampleResult:
    """Compare the vectors of drawn points at the target with the source's.

    Raises NotFound if the source's collection is gone.
    """
    live = collections.get(source.cluster, source.collection)
    if live is None:
        raise NotFound("The source's collection was deleted while it was copied.")
    scaled, equal, written = Scaled.of(live), 0, 0
    fault = ""
    for some in _some([_id(text) for text in drawn]):
        there = raw_points.by_ids(target.cluster, target.collection, some)
        differing = [
            own_id
            for own_id in some
            if own_id not in there or _digest(there[own_id]) != drawn[str(own_id)]
        ]
        equal += len(some) - len(differing)
        now = raw_points.by_ids(source.cluster, source.collection, differing)
        for own_id in differing:
            one, other = now.get(own_id), there.get(own_id)
            reason = _difference(one, other, scaled)
            if not reason:
                equal += 1
            elif one is None or _digest(one) != drawn[str(own_id)]:
                written += 1
            else:
                fault = fault or f"Point {own_id}: {reason}."
    return SampleResult(len(drawn), equal, written, fault)


def _some(ids: list[PointId]) -> Iterator[list[PointId]]:
    for at in range(0, len(ids), _AT_ONCE):
        yield ids[at : at + _AT_ONCE]


def _id(text: str) -> PointId:
    """Return the id that a text stands for; no UUID has only so few digits."""
    return int(text) if text.isdecimal() and len(text) <= 20 else text


def _digest(point: RawPoint) -> str:
    """Return a hash of a point's vectors that does not depend on how they are told."""
    made = blake2b(digest_size=8)
    for name, numbers in sorted(vectors.of_point(point).items()):
        made.update(f"{name!r} {len(numbers)} ".encode() + numbers)
    return made.hexdigest()


def _difference(one: RawPoint | None, other: RawPoint | None, scaled: Scaled) -> str:
    """Say how a point differs from the source's present one; "" if it does not."""
    if other is None:
        return "it is missing" if one is not None else ""
    if one is None:
        return "the source has it no more"
    return vectors.point_difference(one, other, scaled)
