"""The evidence for the advice on one namespace, gathered from the stores."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from nsadmin.advice import builds, index_build, index_coverage, sample_cache, usage
from nsadmin.advice.index_coverage import Serving
from nsadmin.advice.models import AutoIndex, Dismissal
from nsadmin.advice.rules import AUTO_THRESHOLD, Advice, Evidence, advise, unindexed
from nsadmin.advice.sample_cache import Sampled
from nsadmin.errors import NsadminError, Unavailable
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.limits import MAX_INDEXES
from nsadmin.stores import ephemeral

# So many fields without an index are sampled at a time.
MAX_SAMPLED = 20
# The number at the tab of every page is counted this often.
_COUNT_KEPT_S = 60
_WEEK = timedelta(hours=usage.WEEK)
# Only the hour of the first report is known; the seven days start at its end.
_WHOLE_WEEK = timedelta(hours=usage.WEEK + 1)


@dataclass(frozen=True, slots=True)
class Advised:
    """The advice on a namespace; `unknown` says why payloads were not sampled, or "".

    `sampled_at` is the time of the oldest sample used, None if there is none. `muted`
    is {field: reason} of those without an automatic index, see `index_build.muted`.
    """

    namespace_id: str
    advice: list[Advice]
    dismissed: list[tuple[Advice, Dismissal]]
    automatic: list[AutoIndex]
    evidence: Evidence
    serving: Serving
    taken_at: datetime
    muted: Mapping[str, str]
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
    """Return the uses, without samples, by Redis and at most one statement.

    Raises Unavailable if Redis does not answer.
    """
    at = now or timezone.now()
    key = namespace.namespace_id
    window, week = usage.windows(key, [hours, usage.WEEK], now=at)
    began = usage.began(key, now=at)
    seen = Evidence(
        custom=namespace.indexes,
        fixed=index_coverage.fixed_fields(namespace),
        hours=hours,
        window=window,
        week=week,
        inferences={},
        began=began,
        is_whole_week=began is not None and at - began >= _WHOLE_WEEK,
    )
    return replace(seen, young=_young(namespace, seen, at - _WEEK))


def _young(namespace: Namespace, seen: Evidence, since: datetime) -> set[str]:
    """Return the unused indexes that were created after `since`.

    The audit log tells of those of a namespace that is older; it is only asked if an
    index is unused.
    """
    names = {index.field_name for index in seen.unused}
    if not names:
        return set()
    if namespace.created_at is not None and namespace.created_at > since:
        return names
    return names & builds.built_since(namespace.namespace_id, since).keys()


@dataclass(frozen=True, slots=True)
class Brief:
    """The advice in short, and {field: filters in 24 hours}, by what is known already.

    The types of advised indexes are those of the last sample.
    """

    advice: list[Advice]
    filters: Mapping[str, int]


def brief(namespace: Namespace) -> Brief | None:
    """Return the advice by Redis and two statements; None if Redis does not answer.

    Qdrant is not asked, so types and holdings are those that the last look at the
    whole advice left.
    """
    try:
        seen, found = advised_from_cache(namespace)
    except Unavailable:
        return None
    return Brief(found, {used.field_name: used.count_24h for used in seen.week})


def advised(
    namespace: Namespace,
    *,
    hours: int = usage.DAY,
    min_count: int = AUTO_THRESHOLD,
    now: datetime | None = None,
) -> Advised:
    """Return the advice; without Qdrant the types stay unknown, see `unknown`."""
    at = now or timezone.now()
    seen = evidence(namespace, hours=hours, now=at)
    wanted = [u.field_name for u in unindexed(seen, min_count=min_count)]
    own = [index.field_name for index in seen.custom][:MAX_INDEXES]
    served = index_coverage.serving(namespace)
    types, unknown = _types(namespace, wanted, own, silence=served.silence)
    seen = replace(seen, inferences=types.inferences, holdings=types.holdings)
    rows = Dismissal.objects.filter(namespace_id=namespace.namespace_id)
    waved = {(row.field_name, row.kind): row for row in rows}
    found = advise(seen, min_count=min_count)
    if (hours, min_count) == (usage.DAY, AUTO_THRESHOLD):
        _keep_count(namespace, sum((a.field_name, a.kind) not in waved for a in found))
    automatic = AutoIndex.objects.filter(namespace_id=namespace.namespace_id)
    return Advised(
        namespace_id=namespace.namespace_id,
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
        muted=index_build.muted(namespace),
        unknown=unknown,
        sampled_at=types.at,
    )


def advised_from_cache(
    namespace: Namespace, *, now: datetime | None = None
) -> tuple[Evidence, list[Advice]]:
    """Return the evidence and the advice that is not dismissed, without asking Qdrant.

    Types and holdings are those of the last sample, if any. Raises Unavailable if Redis
    does not answer.
    """
    seen = evidence(namespace, now=now)
    wanted = [u.field_name for u in unindexed(seen)]
    own = [index.field_name for index in seen.custom]
    types = sample_cache.cached(namespace.namespace_id, [*wanted, *own])
    seen = replace(seen, inferences=types.inferences, holdings=types.holdings)
    found = advise(seen)
    if not found:
        return seen, []
    rows = Dismissal.objects.filter(namespace_id=namespace.namespace_id)
    waved = set(rows.values_list("field_name", "kind"))
    return seen, [a for a in found if (a.field_name, a.kind) not in waved]


def advice_count(namespace: Namespace) -> int | None:
    """Return the number of pieces of advice, as of the last minute; None if unknown."""
    kept = ephemeral.load(_count_key(namespace))
    if kept is not None and kept.isdigit():
        return int(kept)
    try:
        _, found = advised_from_cache(namespace)
    except Unavailable:
        return None
    _keep_count(namespace, len(found))
    return len(found)


def forget_count(namespace: Namespace) -> None:
    """Let the advice be counted anew, after some was dismissed or restored."""
    ephemeral.drop([_count_key(namespace)])


def _keep_count(namespace: Namespace, count: int) -> None:
    ephemeral.store(_count_key(namespace), str(count), seconds=_COUNT_KEPT_S)


def _count_key(namespace: Namespace) -> str:
    return f"advice:{namespace.namespace_id}:{namespace.revision}"


def _types(
    namespace: Namespace, wanted: list[str], own: list[str], *, silence: str
) -> tuple[Sampled, str]:
    """Return the sampled types, and why they could not be renewed, or "".

    A cluster known not to answer is not sampled, to save the wait. Fields with a fresh
    sample keep their order, so that successive requests share one sample.
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
