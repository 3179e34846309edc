"""Loops over many items, such as all namespaces: each item fails alone.

Other programs write to MongoDB and Qdrant too, so any item may be odd. `each` works on
one item after the other. A failure is recorded at its item, in a row that staff see,
and the loop goes on.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import (
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from nsadmin.errors import NsadminError, Unavailable, new_reference
from nsadmin.jobs.models import MAX_ITEM_LENGTH, MAX_RUN_ERROR_LENGTH, ItemFailure
from nsadmin.jobs.slices import slices
from nsadmin.names import clip

logger = structlog.get_logger(__name__)

Item = TypeVar("Item")
ItemKind = Literal["namespace", "cluster", "job", "organization", "key", "index", "row"]

# Closed rows are kept for this long, to show what was wrong lately.
KEPT_FOR = timedelta(days=30)
UNMET_FOR = timedelta(days=7)
# These stores hold all items, so their silence is no item's own failure.
_STORES_OF_ALL = ("namespace store", "redis")


@dataclass(slots=True)
class Tally:
    """The number of items that a loop has worked on, and of those that failed."""

    done: int = 0
    failed: int = 0


def each(
    loop: str,
    items: Iterable[Item],
    work: Callable[[Item], object],
    *,
    key: Callable[[Item], str],
    kind: ItemKind = "namespace",
    is_complete: bool | Callable[[], bool] = False,
) -> Tally:
    """Call `work` with each item; record what raises, and go on.

    `loop` is the loop's name in the rows, `key` returns an item's id. A loop that
    `is_complete` goes over all items there are, so that open rows of items it did not
    meet are closed; a function says so once the items have ended. Raises Unavailable or
    a database error if a store fails that holds all items, and whatever `items` itself
    raises.
    """
    tally, met = Tally(), set[str]()
    opened = set(_open_rows(loop, kind).values_list("item", flat=True))
    for item in items:
        name = _stored_key(item, key)
        met.add(name)
        if succeeds(loop, kind, name, lambda item=item: work(item)):  # type: ignore[misc]
            tally.done += 1
            if name in opened:
                resolve(loop, kind, name)
        else:
            tally.failed += 1
    if callable(is_complete):
        is_complete = is_complete()
    if is_complete and opened - met:
        _close_many(_open_rows(loop, kind).filter(item__in=list(opened - met)))
    return tally


def succeeds(loop: str, kind: ItemKind, item: str, work: Callable[[], object]) -> bool:
    """Do the work on one item; False if it failed, which is then recorded."""
    try:
        if connection.in_atomic_block:
            # A refused statement would make the transaction around it unusable.
            with transaction.atomic():
                work()
        else:
            work()
    except (OperationalError, InterfaceError, SoftTimeLimitExceeded):
        raise  # the database, or the time of the whole run, is no item's own failure
    except Exception as failure:
        if _is_of_all_items(failure):
            raise
        record(loop, kind, item, failure)
        return False
    return True


def record(loop: str, kind: ItemKind, item: str, failure: Exception | str) -> None:
    """Record that an item failed now."""
    now, message = timezone.now(), _message(failure)
    item = storable_key(item)
    row = ItemFailure.objects.filter(loop=loop, kind=kind, item=item)
    row.exclude(resolved_at=None).update(first_seen=now, resolved_at=None)
    values = {"last_seen": now, "message": message, "times": F("times") + 1}
    if not row.update(**values):
        try:
            with transaction.atomic():
                row.create(
                    loop=loop,
                    kind=kind,
                    item=item,
                    first_seen=now,
                    **{**values, "times": 1},
                )
        except IntegrityError:
            row.update(**values)
    is_expected = isinstance(failure, NsadminError | str)
    logger.warning(
        "item_failed",
        loop=loop,
        kind=kind,
        item=item,
        reason=message,
        exc_info=None if is_expected else failure,
    )


def resolve(loop: str, kind: ItemKind, item: str) -> None:
    """Close the row of an item that no longer fails."""
    _close(_open_rows(loop, kind).filter(item=storable_key(item)))


def close_unmet(loop: str, kind: ItemKind, *, before: datetime) -> None:
    """Close the open rows of a loop in slices that no slice met since a time."""
    _close_many(_open_rows(loop, kind).filter(last_seen__lt=before))


def open_failures() -> QuerySet[ItemFailure]:
    """Return the open rows, the longest failing first."""
    return ItemFailure.objects.filter(resolved_at=None).order_by("first_seen", "pk")


def failures_of(kind: ItemKind, item: str) -> QuerySet[ItemFailure]:
    """Return the open rows of one item, of every loop."""
    return open_failures().filter(kind=kind, item=storable_key(item))


def old_failures() -> QuerySet[ItemFailure]:
    """Return the rows that were closed long ago.

    Open rows that did not fail for a week are among them: no loop meets these items any
    more.
    """
    now = timezone.now()
    closed = Q(resolved_at__lt=now - KEPT_FOR)
    unmet = Q(resolved_at=None, last_seen__lt=now - UNMET_FOR)
    return ItemFailure.objects.filter(closed | unmet)


def storable_key(item: str) -> str:
    """Return an item's id as it is stored: a long one is cut and keeps a digest."""
    if len(item) <= MAX_ITEM_LENGTH:
        return clip(item, MAX_ITEM_LENGTH)
    digest = hashlib.sha256(item.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{clip(item, MAX_ITEM_LENGTH - 17)}~{digest}"


def _stored_key(item: Item, key: Callable[[Item], str]) -> str:
    """Return the id; an item whose id cannot be read still has a row of its kind."""
    try:
        return storable_key(str(key(item)))
    except Exception:  # noqa: BLE001 - whatever an odd item raises
        return "unreadable id"


def _open_rows(loop: str, kind: ItemKind) -> QuerySet[ItemFailure]:
    return ItemFailure.objects.filter(loop=loop, kind=kind, resolved_at=None)


def _close(rows: QuerySet[ItemFailure]) -> None:
    rows.update(resolved_at=timezone.now())


def _close_many(rows: QuerySet[ItemFailure]) -> None:
    for keys in slices(list(rows.values_list("pk", flat=True))):
        _close(rows.filter(pk__in=keys))


def _is_of_all_items(failure: Exception) -> bool:
    if not isinstance(failure, Unavailable):
        return False
    return failure.details.get("store") in _STORES_OF_ALL


def _message(failure: Exception | str) -> str:
    """Return the reason for the row; an unexpected error has its place and a reference.

    The text of an unexpected error may hold data of a customer, or a key.
    """
    if isinstance(failure, str):
        return clip(failure, MAX_RUN_ERROR_LENGTH)
    if isinstance(failure, NsadminError):
        return clip(failure.message, MAX_RUN_ERROR_LENGTH)
    place = ""
    trace = failure.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if "nsadmin" in frame.f_globals.get("__name__", ""):
            place = f" in {Path(frame.f_code.co_filename).stem}:{trace.tb_lineno}"
        trace = trace.tb_next
    text = f"Unexpected error{place}. Reference {new_reference()}."
    return clip(text, MAX_RUN_ERROR_LENGTH)
