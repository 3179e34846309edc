"""The mirror's age, documents that cannot be read, and items at which loops fail."""

from collections.abc import Iterator

from django.db.models import Count
from django.utils import timezone
from prometheus_client import Metric

from nsadmin.health import failing
from nsadmin.jobs import items
from nsadmin.namespaces.mirror import state
from nsadmin.observability.figures.gauges import gauge, gauges


def read() -> Iterator[Metric]:
    """Read them in three queries."""
    as_of = state.as_of()
    age_s = None if as_of is None else (timezone.now() - as_of).total_seconds()
    yield gauge(
        "nsadmin_mirror_age_seconds",
        "Seconds since all rows of the mirror were right; none before it is filled.",
        age_s,
    )
    yield gauge(
        "nsadmin_unreadable_namespaces",
        "Namespaces whose document has values that cannot be read.",
        failing.unreadable_count(),
    )
    kinds = items.open_failures().order_by().values_list("kind")
    yield gauges(
        "nsadmin_failing_items",
        "Items at which a loop over many fails, by their kind.",
        ["kind"],
        dict(kinds.annotate(Count("pk"))),
    )
