"""In which order a turn looks at what is due on one cluster.

Collections whose last look had no answer are asked late, and together: what hangs must
not end a turn before the others were asked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from django.utils import timezone

from nsadmin.health.sampling.asking import age_s
from nsadmin.namespaces.models import LastLook
from nsadmin.namespaces.placement.members import Members
from nsadmin.namespaces.read import probe, snapshots

# A little shorter than the interval, because the schedule may run a little early.
_WATCHED_S: Final = probe.PROBE_INTERVAL_S - 0.5
# Questions between two writes, and the most of one turn.
_BATCH: Final = 120
_MOST: Final = 6000
# The most silent ones of one turn, so that one query bears them.
_MOST_SILENT: Final = 500


@dataclass(frozen=True, slots=True)
class Batch:
    """Ids of namespaces that are asked together; `is_silent` if none answered last.

    `ends_turn` is whether a cluster that leaves them open is not asked any further.
    """

    keys: Sequence[str]
    is_silent: bool = False
    ends_turn: bool = True


def batches(members: Members, watched: set[str]) -> Iterator[Batch]:
    """Yield watched namespaces with an old look, then what is due, the oldest first.

    The first batch of silent ones follows the first batch of the others, and the rest
    of them the rest.
    """
    others, silent = _watched(watched)
    due = members.rows().filter(next_look_at__lte=timezone.now())
    columns = due.order_by("next_look_at").values_list("pk", "health", "health_since")
    for key, health, since in list(columns[:_MOST]):
        if key not in watched:
            is_silent = health == "unknown" and since is not None
            (silent if is_silent else others).append(key)
    calm, hanging = iter(_cut(others)), iter(_cut(_longest_unasked(silent)))
    for keys in islice(calm, 1):
        yield Batch(keys)
    for keys in islice(hanging, 1):
        yield Batch(keys, is_silent=True, ends_turn=len(others) <= _BATCH)
    for keys in calm:
        yield Batch(keys)
    for keys in hanging:
        yield Batch(keys, is_silent=True)


def due_since(members: Members) -> datetime | None:
    """Return since when the oldest look is due; None if none is."""
    oldest = members.rows().order_by("next_look_at").values_list("next_look_at")[:1]
    found = next((at for (at,) in oldest), None)
    return found if found is not None and found < timezone.now() else None


def _watched(watched: set[str]) -> tuple[list[str], list[str]]:
    """Return those with an old look, and those whose last look had no answer."""
    looks = LastLook.objects.in_bulk(list(watched))
    others, silent = list[str](), list[str]()
    for key in sorted(watched):
        row = looks.get(key)
        if row is not None and not row.ok:
            silent.append(key)
        elif age_s(snapshots.from_row(row) if row else None) > _WATCHED_S:
            others.append(key)
    return others, silent


def _longest_unasked(silent: Sequence[str]) -> list[str]:
    """Return them by their last question, so that all have their turn."""
    some = silent[:_MOST_SILENT]
    if not some:
        return []
    asked = dict(LastLook.objects.filter(pk__in=some).values_list("pk", "taken_at"))
    never = [key for key in some if key not in asked]
    return never + sorted(asked, key=asked.__getitem__)


def _cut(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[at : at + _BATCH] for at in range(0, len(keys), _BATCH)]
