"""The comparison of all documents with their rows, which makes the mirror right.

It reads key, revision and time of last change of each document and of each row, side by
side in the order of keys, and fetches whole documents only where they differ. Memory
does not grow with their number, and what is right already is not written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Min, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.jobs import items
from nsadmin.namespaces.mirror import copies as making
from nsadmin.namespaces.mirror import counts, digests, writing
from nsadmin.namespaces.mirror.digests import LOOP
from nsadmin.namespaces.mirror.rows import namespaces
from nsadmin.namespaces.models import MirroredNamespace, MirrorFill, MirrorState
from nsadmin.namespaces.models.keys import StoreOrder
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import STAND_IN, UNDECODED, Raw
from nsadmin.namespaces.schema.reader import FIRST_YEAR, LAST_YEAR, MAX_WHOLE, Reader
from nsadmin.stores.mongo import namespaces as store

# Documents whose marks are read at once.
SLICE = 2000

# The revision and the time of the last change, as a row has them; None never agrees.
Mark = tuple[int, datetime | None] | None
# By key: the stored `_id` and the mark of its document.
Marks = dict[str, tuple[Any, Mark]]
# The character that follows the last one of STAND_IN.
_BEYOND_STAND_INS = STAND_IN[:-1] + chr(ord(STAND_IN[-1]) + 1)


def reconcile(*, is_whole: bool = False) -> int:
    """Compare all documents with their rows, update rows and delete obsolete ones.

    Documents are compared by revision and time of last change; `is_whole` compares all
    their content. One that fails is recorded, and its row stays as it was. Returns the
    number of rows that were written or deleted.
    """
    comparison = Comparison(is_whole=is_whole)
    for _ in comparison.steps():
        pass
    return comparison.written


@dataclass(slots=True)
class Comparison:
    """One comparison, slice by slice.

    `written` counts the rows that were written or deleted, `documents` those that were
    compared. `after` is the key up to which it went; one that broke off can be
    continued from there.
    """

    after: str = ""
    is_whole: bool = False
    written: int = 0
    documents: int = 0
    _apart: Marks = field(default_factory=dict)
    _failing: set[str] = field(default_factory=set)
    _failed: set[str] = field(default_factory=set)

    def steps(self) -> Iterator[str]:
        """Compare everything after `after`; yields it after each part of the work."""
        began, is_continued = timezone.now(), bool(self.after)
        self._failing = digests.failing()
        self.written += adopt_owners()
        counts.take_missing()
        texts, place = 0, self.after
        while True:
            found = store.marks_after(place, limit=SLICE)
            texts += len(found)
            marks = self._plain(found)
            place, before = _last_place(found) or place, place
            if len(found) < SLICE or place == before:
                break
            upper = max(marks, default=self.after)
            yield from self._join(marks, self.after, upper)
            self.after = upper
            yield upper
        yield from self._join(marks, self.after, None)
        yield from self._compare_apart(texts)
        for key in self._failing - self._failed:
            items.resolve(LOOP, "namespace", key)  # its document is gone
        if is_continued:  # the oldest row is about as old as the first turn, or older
            rows = MirroredNamespace.objects
            self.documents = rows.count()
            began = rows.aggregate(at=Min("mirrored_at"))["at"] or began
        record_filled(self.documents, began)

    def _plain(self, found: Sequence[Raw]) -> Marks:
        """Return the marks by key; those with a stand-in for an id are kept apart."""
        marks: Marks = {}
        for raw in found:
            stored, mark = raw.get("_id"), _mark(raw)
            if self._failing and items.storable_key(str(stored)) in self._failing:
                self._failed.add(items.storable_key(str(stored)))
                mark = None
            key = document.key_of(stored)
            is_apart = document.is_stand_in(key)
            (self._apart if is_apart else marks)[key] = (stored, mark)
        self.documents += len(found)
        return marks

    def _compare_apart(self, texts: int) -> Iterator[str]:
        self._apart |= self._plain(store.other_marks(texts=texts))
        yield from self._join(self._apart, STAND_IN, _BEYOND_STAND_INS, is_apart=True)

    def _join(
        self, marks: Marks, after: str, upto: str | None, *, is_apart: bool = False
    ) -> Iterator[str]:
        """Fetch and write what differs from rows after `after` and up to `upto`."""
        differing = set(marks) if self.is_whole else set()
        new = set(marks)
        while page := _page(after, upto):
            for key, revision, updated_at in page:
                if document.is_stand_in(key) != is_apart:
                    continue
                new.discard(key)
                if key not in marks or marks[key][1] != (revision, updated_at):
                    differing.add(key)
            after = page[-1][0]
            if len(differing) >= SLICE:
                yield from self._fetch(sorted(differing), marks)
                differing.clear()
            if len(page) < SLICE:
                break
        yield from self._fetch(sorted(differing | new), marks)

    def _fetch(self, keys: Sequence[str], marks: Marks) -> Iterator[str]:
        """Read the documents of these keys anew, write those that differ indeed.

        The documents that come next are read before, so that their copies are made
        while the database writes.
        """
        parts = self._fetched(keys, marks)
        part = next(parts, None)
        while part is not None:
            fetched, following = part, next(parts, None)
            read = fetched.read()
            unsure = [copy for copy in read.copies if self._is_unsure(copy, marks)]
            pairs = making.unchanged(unsure)
            namespaces.keep_digests(pairs)
            same = {copy.key for copy, _ in pairs}
            differing = [copy for copy in read.copies if copy.key not in same]
            found = making.Read(read.at, differing, read.missing)
            meanwhile = following.convert if following else None
            self.written += writing.write(found, meanwhile=meanwhile)
            if self.is_whole:
                counts.update(fetched.keys())
            yield self.after
            part = following

    def _fetched(self, keys: Sequence[str], marks: Marks) -> Iterator[making.Fetched]:
        for part in writing.parts(keys, first=making.FIRST):
            ids = {key: marks[key][0] if key in marks else key for key in part}
            yield from making.fetched_by_ids(ids)

    def _is_unsure(self, copy: making.Copy, marks: Marks) -> bool:
        """Tell whether a row may be right although its document was fetched.

        A damaged document can have other marks than what can be read of the whole.
        """
        mark = marks[copy.key][1] if copy.key in marks else None
        told = (copy.values["revision"], copy.values["updated_at"])
        return self.is_whole or mark != told


def _last_place(found: Sequence[Raw]) -> str:
    """Return the last id that can be sent back to the store; "" if none can."""
    for raw in reversed(found):
        key = str(raw.get("_id"))
        if key.isascii() or key == key.encode(errors="replace").decode():
            return key
    return ""


def _page(after: str, upto: str | None) -> list[tuple[str, int, datetime | None]]:
    """Return key, revision and time of rows in the order of the store, by bytes."""
    ordered = StoreOrder("namespace_id")
    rows = MirroredNamespace.objects.annotate(key=ordered).filter(key__gt=after)
    if upto is not None:
        rows = rows.filter(key__lte=upto)
    if connection.vendor != "sqlite":
        found = rows.order_by("key").values_list("pk", "revision", "updated_at")
        return list(found[:SLICE])
    # As text, for the time of a page is mostly that of Django's reading of the dates.
    dated = rows.annotate(at=Cast("updated_at", TextField())).order_by("key")
    texts = dated.values_list("pk", "revision", "at")[:SLICE]
    return [(key, number, _utc(at) if at else None) for key, number, at in texts]


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _mark(raw: Raw) -> Mark:
    if UNDECODED in raw:
        return None
    revision, at = raw.get("revision"), raw.get("updated_at")
    # Nearly all are numbers and dates in which nothing needs a closer look.
    if (
        type(revision) is int
        and type(at) is datetime
        and 0 <= revision <= MAX_WHOLE
        and FIRST_YEAR <= at.year <= LAST_YEAR
    ):
        return (revision, at)
    reader = Reader()
    return (reader.whole(raw, "revision") or 0, reader.date(raw, "updated_at"))


def adopt_owners() -> int:
    """Set the organization of rows that were written before it was created."""
    unowned = MirroredNamespace.objects.filter(organization_id="")
    named = set(unowned.exclude(internal_id="").values_list("internal_id", flat=True))
    count = 0
    for part in writing.parts(sorted(named)):
        found = Organization.objects.filter(internal_id__in=part)
        owners = dict(found.values_list("internal_id", "organization_id"))
        for internal_id in part:
            if owner := owners.get(internal_id):
                count += _adopt(internal_id, owner)
    return count


def _adopt(internal_id: str, owner: str) -> int:
    rows = MirroredNamespace.objects.filter(internal_id=internal_id)
    keys = list(rows.filter(organization_id="").values_list("pk", flat=True))
    return sum(
        MirroredNamespace.objects.filter(pk__in=some).update(organization_id=owner)
        for some in writing.parts(keys)
    )


def record_filled(documents: int, began: datetime) -> None:
    """Record when a full comparison began, and the number of documents."""
    values = {"filled_at": began, "documents": documents}
    MirrorFill.objects.update_or_create(pk=1, defaults=values)
    MirrorState.objects.exclude(filling_after="").update(filling_after="")
