"""Everything that advice on one namespace rests on, gathered from the stores."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from nsadmin.advice import index_coverage, sample_cache, usage
from nsadmin.advice.index_coverage import Serving
from nsadmin.advice.models import AutoIndex, Dismissal
from nsadmin.advice.rules import AUTO_THRESHOLD, Advice, Evidence, advise, unindexed
from nsadmin.advice.sample_cache import Sampled
from nsadmin.errors import NsadminError
from nsadmin.namespaces.schema.document import Namespace

# Of the fields without an index, so many get a sample at a time.
MAX_SAMPLED = 20
# Of the first report its hour is known: the seven days run from the end of it.
_WHOLE_WEEK = timedelta(hours=usage.WEEK + 1)


@dataclass(frozen=True, slots=True)
class Advised:
    """Advice on a namespace; `unknown` says in a sentence what could not be asked.

    `sampled_at` is when payloads were sampled, None without a recent sample.
    """

    advice: list[Advice]
    dismissed: list[tuple[Advice, Dismissal]]
    automatic: list[AutoIndex]
    evidence: Evidence
    serving: Serving
    taken_at: datetime
    unknown: str = ""
    sampled_at: datetime | None = None

    @property
    def began_this_hour(self) -> bool:
        """Whether the first report is of the current hour; its minute is not kept."""
        began = self.evidence.began
        return began is not None and self.taken_at - began < timedelta(hours=1)


def evidence(
    namespace: Namespace,
    *,
    hours: int = usage.DAY,
    now: datetime | None = None,
) -> Evidence:
    """Return the uses; samples come later. Raises Unavailable without counters."""
    at = now or timezone.now()
    key = namespace.namespace_id
    window, week = usage.windows(key, [hours, usage.WEEK], now=at)
    began = usage.began(key, now=at)
    return Evidence(
        custom=namespace.indexes,
        fixed=index_coverage.fixed_fields(namespace),
        hours=hours,
        window=window,
        week=week,
        inferences={},
        began=began,
        is_whole_week=began is not None and at - began >= _WHOLE_WEEK,
    )


def advised(
    namespace: Namespace,
    *,
    hours: int = usage.DAY,
    min_count: int = AUTO_THRESHOLD,
    now: datetime | None = None,
) -> Advised:
    """Return the advice; with Qdrant away the types stay unknown and it says so."""
    at = now or timezone.now()
    seen = evidence(namespace, hours=hours, now=at)
    wanted = [u.field_name for u in unindexed(seen, min_count=min_count)]
    own = [index.field_name for index in seen.custom]
    served = index_coverage.serving(namespace)
    types, unknown = _types(namespace, wanted, own, silence=served.silence)
    seen = replace(seen, inferences=types.inferences)
    rows = Dismissal.objects.filter(namespace_id=namespace.namespace_id)
    waved = {(row.field_name, row.kind): row for row in rows}
    found = advise(seen, min_count=min_count)
    automatic = AutoIndex.objects.filter(namespace_id=namespace.namespace_id)
    return Advised(
        advice=[a for a in found if (a.field_name, a.kind) not in waved],
        dismissed=[
            (a, waved[a.field_name, a.kind])
            for a in found
            if (a.field_name, a.kind) in waved
        ],
        automatic=list(automatic.order_by("-pk")[:20]),
        evidence=seen,
        serving=served,
        taken_at=at,
        unknown=unknown,
        sampled_at=types.at,
    )


def _types(
    namespace: Namespace, wanted: list[str], own: list[str], *, silence: str
) -> tuple[Sampled, str]:
    """Return what samples say, with the sentence of why they could not be renewed.

    A silent cluster is spared the sample, and the reader the wait for it. Fresh samples
    keep their place, so that readers one after another share one.
    """
    key = namespace.namespace_id
    if silence:
        return sample_cache.cached(key, [*wanted, *own]), silence
    hopeful = sample_cache.typed_first(key, wanted, age=sample_cache.FRESH)
    fields = [*hopeful[:MAX_SAMPLED], *own]
    try:
        return sample_cache.sampled(namespace, fields, others=wanted), ""
    except NsadminError as failure:
        return sample_cache.cached(key, [*wanted, *own]), failure.message
