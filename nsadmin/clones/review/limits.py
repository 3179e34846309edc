"""What a clone cannot keep of its source's collection, said before it starts."""

import math
from dataclasses import dataclass
from typing import Final

from nsadmin.errors import NsadminError
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.bulk import strict_mode
from nsadmin.stores.qdrant.bulk.strict_mode import StrictMode
from nsadmin.transfer.site import Site
from nsadmin.transfer.target_settings import kept_settings

# The copy and the comparison read every point once each.
_READS: Final = 2
_PAGE_POINTS: Final = 256
_SLOW_MINUTES: Final = 2
_UNKNOWN: Final = (
    "Qdrant does not answer, so it is not known which settings of the collection a "
    "clone can keep. The clone's report will say it."
)


@dataclass(frozen=True, slots=True)
class KeptSettings:
    """Sentences about settings that are lost, and about a slow or a silent source."""

    losses: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def of_collection(
    source: Namespace, clone: Namespace, points: int | None
) -> KeptSettings:
    """Return which settings of the source's collection the clone's cannot keep.

    `points` is the source's number of points, None if it is not known.
    """
    try:
        cluster = cluster_of(source)
        live = collections.get(cluster, source.collection)
        if live is None:
            return KeptSettings()
        kept = kept_settings(Site(cluster, source.collection), live, cluster_of(clone))
    except NsadminError:
        return KeptSettings(warnings=(_UNKNOWN,))
    slow = _slowness(strict_mode.read(live.raw), points or 0)
    return KeptSettings(tuple(kept.losses), tuple(slow))


def _slowness(rules: StrictMode, points: int) -> list[str]:
    """Say how long a copy takes at least, if the source limits the rate of reads."""
    rate = rules.read_rate_limit
    if not rate:
        return []
    pages = math.ceil(points / min(rules.max_query_limit or _PAGE_POINTS, _PAGE_POINTS))
    minutes = math.ceil(_READS * pages / rate)
    if minutes < _SLOW_MINUTES:
        return []
    sentence = (
        f"The source's strict mode allows {rate:,} reads per minute, so the clone "
        f"takes at least {minutes:,} minutes."
    )
    return [sentence]
