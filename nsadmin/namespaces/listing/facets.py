"""Facets of the list of namespaces: the values to filter by, with their counts."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.db.models import BooleanField, Count, ExpressionWrapper, Q
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.namespaces.listing.listing import (
    HEALTH,
    SOON,
    STATUS,
    TIERS,
    ListQuery,
    filtered,
)


@dataclass(frozen=True, slots=True)
class Facets:
    """The values of each facet with their counts, for the same search."""

    health: list[tuple[str, int]] = field(default_factory=list)
    tier: list[tuple[str, int]] = field(default_factory=list)
    extractor: list[tuple[str, int]] = field(default_factory=list)
    scope: list[tuple[str, int]] = field(default_factory=list)
    expiring: int = 0
    differs: int = 0
    unreadable: int = 0


def count_facets(actor: Actor, query: ListQuery) -> Facets:
    """Count the values of each facet among the rows of the search, ignoring filters."""
    base = ListQuery(
        organization_id=query.organization_id,
        search=query.search,
        case_sensitive=query.case_sensitive,
    )
    kinds = filtered(actor, base).values(
        "tier",
        "scope",
        "extractor_ids",
        status=STATUS,
        soon=_as_boolean(Q(expires_at__lte=timezone.now() + SOON)),
        differs=_as_boolean(Q(differences__gt=0)),
        odd=_as_boolean(~Q(unreadable="")),
    )
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    # One query over all rows, since there are few combinations of these values.
    for kind in kinds.annotate(n=Count("pk")):
        for facet in ("status", "tier", "scope"):
            counted[facet][kind[facet]] += kind["n"]
        for flag in ("soon", "differs", "odd"):
            counted["flags"][flag] += kind["n"] if kind[flag] else 0
        for extractor_id in kind["extractor_ids"]:
            counted["extractor"][extractor_id] += kind["n"]
    extractors = counted["extractor"].items()
    return Facets(
        health=_ordered(counted["status"], HEALTH),
        tier=_ordered(counted["tier"], TIERS),
        extractor=sorted(extractors, key=lambda pair: (-pair[1], pair[0])),
        scope=_ordered(counted["scope"], ("org", "system")),
        expiring=counted["flags"]["soon"],
        differs=counted["flags"]["differs"],
        unreadable=counted["flags"]["odd"],
    )


def _as_boolean(condition: Q) -> "ExpressionWrapper[Q]":
    return ExpressionWrapper(condition, output_field=BooleanField())


def _ordered(counted: Counter[str], order: tuple[str, ...]) -> list[tuple[str, int]]:
    return [(value, counted[value]) for value in order if value in counted]
