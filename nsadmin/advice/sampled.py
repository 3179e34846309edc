"""What samples said of the fields, kept for a while and renewed by one at a time.

However many look at the advice, and whichever window they ask for, a namespace is
sampled by one of them; the others get what was known before, or nothing yet.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from nsadmin.advice import sample
from nsadmin.advice.infer import Inference, infer
from nsadmin.namespaces.document import Namespace
from nsadmin.stores import hints, redis

# A sample is as good as new for this long; afterwards it is the last one known.
FRESH = timedelta(minutes=5)
_KEPT = timedelta(days=1)
# One renewal at a time; one that fails keeps the next away for this long.
_FLIGHT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Sampled:
    """What is known of the fields; `at` is when the oldest of it was sampled."""

    inferences: Mapping[str, Inference] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    at: datetime
    inference: Inference

    @property
    def is_fresh(self) -> bool:
        return timezone.now() - self.at < FRESH


def fresh(namespace: Namespace, fields: Sequence[str]) -> dict[str, Inference]:
    """Sample now, whatever is kept. Raises Unavailable where Qdrant does not answer."""
    taken = sample.take(namespace, fields)
    return {
        name: infer((point["payload"] for point in points), name)
        for name, points in taken.items()
    }


def known(namespace_id: str, fields: Collection[str]) -> Sampled:
    """Return what is kept, without asking Qdrant."""
    return _told(_read(namespace_id), fields)


def sampled(namespace: Namespace, fields: Sequence[str]) -> Sampled:
    """Return what is kept, renewed where it is old and nobody else is at it.

    Raises Unavailable where Qdrant does not answer.
    """
    key = namespace.namespace_id
    kept = _read(key)
    if not _old(kept, fields):
        return _told(kept, fields)
    flight = f"sample:{key}"
    if redis.claim(flight, milliseconds=_FLIGHT_MS):
        kept = _renew(namespace, _read(key), fields)
        redis.release(flight)  # after a failure the claim runs out by itself
    return _told(kept, fields)


def _old(kept: Mapping[str, _Entry], fields: Sequence[str]) -> list[str]:
    return [name for name in fields if name not in kept or not kept[name].is_fresh]


def _renew(
    namespace: Namespace, kept: dict[str, _Entry], fields: Sequence[str]
) -> dict[str, _Entry]:
    taken = fresh(namespace, _old(kept, fields))
    now = timezone.now()
    young = {name: entry for name, entry in kept.items() if entry.is_fresh}
    young |= {name: _Entry(now, inference) for name, inference in taken.items()}
    text = json.dumps(
        {name: asdict(entry) for name, entry in young.items()},
        default=datetime.isoformat,
    )
    hints.keep(_name(namespace.namespace_id), text, seconds=_KEPT.total_seconds())
    return young


def _read(namespace_id: str) -> dict[str, _Entry]:
    text = hints.kept(_name(namespace_id))
    if text is None:
        return {}
    return {name: _revived(**entry) for name, entry in json.loads(text).items()}


def _revived(*, at: str, inference: dict[str, Any]) -> _Entry:
    examples = tuple(inference.pop("examples"))
    return _Entry(datetime.fromisoformat(at), Inference(**inference, examples=examples))


def _told(kept: Mapping[str, _Entry], fields: Collection[str]) -> Sampled:
    own = {name: kept[name] for name in fields if name in kept}
    return Sampled(
        {name: entry.inference for name, entry in own.items()},
        min((entry.at for entry in own.values()), default=None),
    )


def _name(namespace_id: str) -> str:
    return f"sampled:{namespace_id}"
