"""Facets of the list of namespaces: the values to filter by, with their counts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from nsadmin.access.actor import Actor
from nsadmin.namespaces.listing.amounts import Count
from nsadmin.namespaces.listing.counting.counters import Kind
from nsadmin.namespaces.listing.query import HEALTH, TIERS, ListQuery
from nsadmin.namespaces.listing.tally import Tally, matching, tally
from nsadmin.namespaces.models.lists import SYSTEM


@dataclass(frozen=True, slots=True)
class Facets:
    """The values of each facet with their counts, for the same search.

    Each facet is counted among the rows that meet the filters by the other ones. With
    `is_least` there are more rows than were counted.
    """

    health: list[tuple[str, int]] = field(default_factory=list)
    tier: list[tuple[str, int]] = field(default_factory=list)
    extractor: list[tuple[str, int]] = field(default_factory=list)
    scope: list[tuple[str, int]] = field(default_factory=list)
    expiring: Count = field(default_factory=Count)
    differs: int = 0
    unreadable: int = 0
    is_least: bool = False


def count_facets(actor: Actor, query: ListQuery) -> Facets:
    """Count the values of each facet among the rows of the search."""
    return facets_of(tally(actor, query), query)


def facets_of(found: Tally, query: ListQuery) -> Facets:
    """Return the facets of a list that was counted."""
    kinds = found.kinds
    return Facets(
        health=_ordered(_by("status", kinds, replace(query, status=None)), HEALTH),
        tier=_ordered(_by("tier", kinds, replace(query, tier=None)), TIERS),
        extractor=_extractors(kinds, query),
        scope=_ordered(_scopes(kinds, replace(query, scope=None)), ("org", "system")),
        expiring=found.expiring,
        differs=_sum(matching(kinds, replace(query, differs=True))),
        unreadable=_sum(matching(kinds, replace(query, unreadable=True))),
        is_least=found.is_sample,
    )


def _by(value: str, kinds: Iterable[Kind], query: ListQuery) -> Counter[str]:
    counted: Counter[str] = Counter()
    for kind in matching(kinds, query):
        counted[getattr(kind, value)] += kind.n
    return counted


def _scopes(kinds: Iterable[Kind], query: ListQuery) -> Counter[str]:
    counted: Counter[str] = Counter()
    for kind in matching(kinds, query):
        counted["system" if kind.listed_for == SYSTEM else "org"] += kind.n
    return counted


def _extractors(kinds: Iterable[Kind], query: ListQuery) -> list[tuple[str, int]]:
    counted: Counter[str] = Counter()
    others = replace(query, extractor=None)
    for kind in kinds:
        if kind.extractor and any(matching([replace(kind, extractor="")], others)):
            counted[kind.extractor] += kind.n
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def _sum(kinds: Iterable[Kind]) -> int:
    return sum(kind.n for kind in kinds)


def _ordered(counted: Counter[str], order: tuple[str, ...]) -> list[tuple[str, int]]:
    return [(value, counted[value]) for value in order if value in counted]
