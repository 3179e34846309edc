"""Writing events: in the transaction of the change, and each of them once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nsadmin.names import clip
from nsadmin.notifications.models import Event

_MOST_NAME = 128


@dataclass(frozen=True, slots=True)
class News:
    """An event that is to be written; `key` is its own among all events.

    `person_id` is the id of the user whom it is about.
    """

    kind: str
    key: str
    organization_id: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    person_id: str = ""


def write(news: Iterable[News]) -> None:
    """Write the events whose keys are new; those of no organization are left out."""
    rows = [
        Event(
            key=each.key,
            kind=each.kind,
            organization_id=each.organization_id,
            person_id=each.person_id,
            facts={name: _stored(value) for name, value in each.facts.items()},
        )
        for each in news
        if each.organization_id
    ]
    if rows:
        Event.objects.bulk_create(rows, ignore_conflicts=True)


def _stored(value: Any) -> Any:
    return clip(value, _MOST_NAME) if isinstance(value, str) else value
