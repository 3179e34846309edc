"""The namespaces that need attention, the worst first, without reading all of them.

Each namespace is listed once, with the worst of its troubles. Each trouble is a query
of its own over an index of its own that reads at most `MOST_COUNTED` ids and one more.
Composing these queries takes longer than their answers, so they are composed once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final, Literal

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from nsadmin.namespaces.lifecycle import fuse
from nsadmin.namespaces.lifecycle.clone_target import CANCELLED_REASON
from nsadmin.namespaces.models import (
    DeletionHold,
    LastLook,
    MirroredNamespace,
    ReaperHold,
)
from nsadmin.namespaces.read import readings

Trouble = Literal[
    "unreadable", "error", "unknown", "no collection", "drift", "failed", "held"
]
# In order of severity, the worst first.
TROUBLES: tuple[Trouble, ...] = (
    "unreadable",
    "error",
    "unknown",
    "no collection",
    "drift",
    "failed",
    "held",
)
NOT_ASKED: Final = "Qdrant has not been asked yet."
CLONE_CANCELLED: Final = "The clone was cancelled."
# More namespaces with one trouble are not counted.
MOST_COUNTED: Final = 1000
# Held ids in one query.
_SLICE: Final = 5000
_SHOWN: Final = (
    "looked_at",
    "cluster_url",
    "tier",
    "namespace_id",
    "internal_id",
    "name",
    "scope",
    "unreadable",
    "health",
    "health_since",
    "differences",
    "clone_status",
    "clone_error",
    "deleted_at",
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A namespace with the worst of its troubles, as it is stored."""

    row: MirroredNamespace
    trouble: Trouble
    sentence: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many have a trouble as their worst; with `is_more` at least so many."""

    trouble: Trouble
    number: int
    is_more: bool


@dataclass(frozen=True, slots=True)
class Troubled:
    """The worst namespaces, and how many have each trouble; none without any."""

    shown: list[Wrong]
    counts: list[Count]

    @property
    def more(self) -> int:
        """The number of counted namespaces that are not shown."""
        return sum(count.number for count in self.counts) - len(self.shown)

    @property
    def is_more(self) -> bool:
        """Whether there may be even more than were counted."""
        return any(count.is_more for count in self.counts)


def worst(limit: int) -> Troubled:
    """Return the worst namespaces; by organization within a trouble.

    The number of queries is fixed; one more reads every further 5,000 that are held.
    """
    held = _held_since()
    ids = {trouble: _ids(trouble, held) for trouble in TROUBLES}
    chosen = list(
        islice(((key, trouble) for trouble in TROUBLES for key in ids[trouble]), limit)
    )
    keys = [key for key, _ in chosen]
    rows = MirroredNamespace.objects.only(*_SHOWN).in_bulk(keys)
    looks = LastLook.objects.only("error", "live").in_bulk(keys)
    silent = readings.silences(list(rows.values()))
    return Troubled(
        shown=[
            Wrong(
                row=rows[key],
                trouble=trouble,
                sentence=_sentence(
                    trouble, rows[key], looks.get(key), silent.get(key, "")
                ),
                since=_since(trouble, rows[key], held),
            )
            for key, trouble in chosen
            if key in rows
        ],
        counts=[
            Count(trouble, min(len(found), MOST_COUNTED), len(found) > MOST_COUNTED)
            for trouble, found in ids.items()
            if found
        ],
    )


def _ids(trouble: Trouble, held: Mapping[str, datetime]) -> list[str]:
    """Return the first ids with this trouble as their worst, and one too many."""
    if trouble != "held":
        with connection.cursor() as cursor:
            cursor.execute(*_statement(trouble, MOST_COUNTED + 1, connection.vendor))
            return [key for (key,) in cursor.fetchall()]
    waiting, found = iter(sorted(held)), list[str]()
    while part := list(islice(waiting, _SLICE)):
        rows = _without_worse("held").filter(namespace_id__in=part)
        found += _first_ids(rows, MOST_COUNTED + 1)
    return found[: MOST_COUNTED + 1]


@lru_cache
def _statement(
    trouble: Trouble, most: int, _vendor: str
) -> tuple[str, tuple[Any, ...]]:
    """Return the statement of a trouble for a kind of database, and its parameters."""
    sql, params = _first_ids(_with(trouble), most).query.sql_with_params()
    return sql, tuple(params)


def _first_ids(
    rows: QuerySet[MirroredNamespace], most: int
) -> QuerySet[MirroredNamespace, str]:
    ordered = rows.order_by("internal_id", "namespace_id")
    return ordered.values_list("namespace_id", flat=True)[:most]


def _with(trouble: Trouble) -> QuerySet[MirroredNamespace]:
    return _without_worse(trouble).filter(_CONDITIONS[trouble])


def _without_worse(trouble: Trouble) -> QuerySet[MirroredNamespace]:
    """Return the rows that could be listed and have no worse trouble."""
    rows = MirroredNamespace.objects.filter(deleted_at=None, deletion_task_id="")
    rows = rows.exclude(clone_status__in=("cloning", "deleting"))
    for worse in TROUBLES[: TROUBLES.index(trouble)]:
        rows = rows.exclude(_CONDITIONS[worse])
    return rows


_IS_GONE = Exists(
    LastLook.objects.filter(namespace_id=OuterRef("namespace_id"), exists=False)
)
# From the looks, which are few, rather than from all namespaces with an error.
_AMONG_GONE = Q(
    namespace_id__in=LastLook.objects.filter(exists=False).values("namespace_id")
)
_CONDITIONS: Final[Mapping[Trouble, Q]] = {
    "unreadable": ~Q(unreadable=""),
    "error": Q(health="error") & ~Q(_IS_GONE),
    "unknown": Q(health="unknown"),
    "no collection": _AMONG_GONE & Q(health="error") & ~Q(clone_status="failed"),
    "drift": Q(differences__gt=0),
    "failed": Q(clone_status="failed"),
}


def _held_since() -> dict[str, datetime]:
    """Return {id: since when} of expired namespaces that wait for a confirmation."""
    holds: list[DeletionHold | ReaperHold] = [
        *DeletionHold.objects.filter(kind=fuse.EXPIRY, released_at=None),
        *ReaperHold.objects.filter(released_at=None),
    ]
    return {key: hold.held_at for hold in holds for key in hold.namespace_ids}


def _since(
    trouble: Trouble, row: MirroredNamespace, held: Mapping[str, datetime]
) -> datetime | None:
    return {"unknown": row.health_since, "held": held.get(row.pk)}.get(trouble)


def _sentence(
    trouble: Trouble, row: MirroredNamespace, look: LastLook | None, silence: str
) -> str:
    """Return the sentence about a trouble; `silence` is that of its whole cluster."""
    if trouble == "unknown" and silence:
        return silence
    return " ".join(_sentences(trouble, row, look))


def _sentences(
    trouble: Trouble, row: MirroredNamespace, look: LastLook | None
) -> Iterator[str]:
    live = (look.live if look is not None else None) or {}
    if trouble == "unreadable":
        yield f"{row.faults[0]}."
        if more := len(row.faults) - 1:
            yield f"{more:,} more of its values cannot be read."
    elif trouble == "error":
        said = str(live.get("optimizer_error") or "")
        yield said or "An operation or optimization failed."
    elif trouble == "unknown" and look is None:
        yield NOT_ASKED
    elif trouble == "unknown" and look is not None:
        yield look.error or f"Qdrant reports {live.get('status', 'nothing')}."
    elif trouble == "no collection":
        yield "Qdrant has no collection for it."
    elif trouble == "drift":
        items = "item differs" if row.differences == 1 else "items differ"
        yield f"{row.differences:,} {items}."
    elif trouble == "failed":
        is_cancelled = row.clone_error == CANCELLED_REASON
        failure = row.clone_error or "The clone did not finish."
        yield CLONE_CANCELLED if is_cancelled else failure
    else:
        yield "It has expired; its deletion waits for approval."
