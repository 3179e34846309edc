"""Copies of documents: the values of their rows, before they are written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import repeat
from operator import attrgetter
from typing import Any

import orjson
from django.utils import timezone

from nsadmin.jobs import items
from nsadmin.names import with_starts
from nsadmin.namespaces.mirror import digests, mirror
from nsadmin.namespaces.mirror.digests import LOOP
from nsadmin.namespaces.mirror.document_copy import redacted_json
from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Raw
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.decoding import Stored

# Documents that are read, and rows that are changed, at once: such a transaction lasts
# some hundredths of a second, for which other writers of SQLite wait.
BATCH = 500
# The first of several parts: until its copies are made, nothing is written.
FIRST = 125


@dataclass(frozen=True, slots=True)
class Copy:
    """What the row of one document should be; `first` are values of a new row alone.

    `stored_id` is the `_id` of the document, `content` its copy as JSON. `lines` are
    those of `search_text`, which is made of them only where it is written. `digest` is
    that of the bytes of the document, if it was read from the store.
    """

    key: str
    stored_id: Any
    values: Mapping[str, Any]
    lines: str
    content: str
    digest: bytes | None = None
    first: dict[str, Any] = field(default_factory=dict)

    def whole(self) -> dict[str, Any]:
        """Return all values of a row, but those of a new one alone."""
        return {**self.values, "search_text": with_starts(self.lines)}


@dataclass(frozen=True, slots=True)
class Read:
    """Copies of documents, all read after `at`; `missing` are keys of none.

    What is missing is told with the last part of them.
    """

    at: datetime
    copies: Sequence[Copy]
    missing: Sequence[str] = ()
    is_last: bool = True


@dataclass(slots=True)
class Fetched:
    """Documents that were read after `at`, of which copies are not made yet.

    `pairs` are documents and the digests of their bytes, `owners` the organizations of
    their tenants; `missing` are keys of none, told with the last part.
    """

    at: datetime
    pairs: Sequence[tuple[Raw, bytes | None]]
    owners: Mapping[str, str]
    missing: Sequence[str] = ()
    is_last: bool = True
    _made: Sequence[Copy | Exception] | None = None

    def keys(self) -> list[str]:
        """Return the keys of the documents, and of those that are missing."""
        found = [document.key_of(raw.get("_id")) for raw, _ in self.pairs]
        return [*found, *self.missing]

    def convert(self) -> None:
        """Make the copies, or the faults, of the documents; it asks nothing."""
        if self._made is None:
            self._made = [_made(*pair, self.owners) for pair in self.pairs]

    def read(self) -> Read:
        """Return the copies; a document that fails is recorded and has none."""
        self.convert()
        copies: list[Copy] = []

        def take(pair: tuple[Raw, Copy | Exception]) -> None:
            if isinstance(pair[1], Exception):
                raise pair[1]
            copies.append(pair[1])

        documents = (raw for raw, _ in self.pairs)
        made = zip(documents, self._made or (), strict=True)
        items.each(LOOP, made, take, key=lambda pair: str(pair[0].get("_id")))
        # Rows with neighboring keys are on the same pages of the indexes.
        copies.sort(key=attrgetter("key"))
        return Read(self.at, copies, self.missing, is_last=self.is_last)


def fetched_by_ids(ids: Mapping[str, Any]) -> Iterator[Fetched]:
    """Yield the documents of these keys, each with its `_id`, before their copies.

    They come in parts that are read one after another, for documents can be large.
    """
    at, missing = timezone.now(), dict.fromkeys(ids)
    for part in store.with_ids(list(ids.values())):
        for stored in part.stored:
            missing.pop(document.key_of(stored.id), None)
        told = list(missing) if part.is_last else []
        documents = [each.document() for each in part.stored]
        marks = [digests.of(each.data) for each in part.stored]
        yield fetched(documents, marks, at, missing=told, is_last=part.is_last)


def read_by_ids(ids: Mapping[str, Any]) -> Iterator[Read]:
    """Yield the copies of the documents of these keys, each with its `_id`."""
    return (part.read() for part in fetched_by_ids(ids))


def read_gone(copies: Sequence[Copy]) -> Read:
    """Return which of these copies have no document any more."""
    at = timezone.now()
    present = store.present_of([copy.stored_id for copy in copies])
    found = {document.key_of(stored) for stored in present}
    return Read(at, [], [copy.key for copy in copies if copy.key not in found])


def copies_of_stored(stored: Sequence[Stored]) -> Sequence[Copy]:
    """Return the copies of documents that the store sent, with their digests."""
    documents = [each.document() for each in stored]
    return copies_of(documents, [digests.of(each.data) for each in stored])


def copies_of(
    documents: Iterable[Raw], digests_of_them: Iterable[bytes | None] = repeat(None)
) -> Sequence[Copy]:
    """Return the copies by key; a document that fails is recorded and has none."""
    return fetched(documents, digests_of_them, timezone.now()).read().copies


def fetched(
    documents: Iterable[Raw],
    digests_of_them: Iterable[bytes | None],
    at: datetime,
    *,
    missing: Sequence[str] = (),
    is_last: bool = True,
) -> Fetched:
    """Return documents that were read after `at`, with the owners of their tenants."""
    pairs = list(zip(documents, digests_of_them, strict=False))
    owners = digests.owners(raw.get("internal_id") for raw, _ in pairs)
    return Fetched(at, pairs, owners, missing, is_last)


def _made(
    raw: Raw, digest: bytes | None, owners: Mapping[str, str]
) -> Copy | Exception:
    try:
        namespace = document.read(raw)
        owner = owners.get(namespace.internal_id, "")
        values = mirror.plain_values_of(namespace, owner)
        key, lines = namespace.namespace_id, mirror.lines_of(namespace)
        content = redacted_json(namespace.raw)
        return Copy(key, raw.get("_id"), values, lines, content, digest)
    except Exception as fault:  # noqa: BLE001 - raised when the copy is asked for
        return fault


def changed(copies: Sequence[Copy]) -> list[Copy]:
    """Return the copies that differ from their rows, or have none."""
    same = {copy.key for copy, _ in unchanged(copies)}
    return [copy for copy in copies if copy.key not in same]


def unchanged(copies: Sequence[Copy]) -> list[tuple[Copy, MirroredNamespace]]:
    """Return the copies that are equal to their rows, with these."""
    keys = [copy.key for copy in copies]
    rows = MirroredNamespace.objects.select_related("document").in_bulk(keys)
    pairs = ((copy, rows.get(copy.key)) for copy in copies)
    return [(copy, row) for copy, row in pairs if row and not _differs(copy, row)]


def _differs(copy: Copy, row: MirroredNamespace) -> bool:
    if not hasattr(row, "document"):
        return True
    is_same = all(getattr(row, name) == value for name, value in copy.whole().items())
    return not is_same or row.document.content != orjson.loads(copy.content)


def add_first_values(copies: Sequence[Copy]) -> None:
    """Set the values of new rows: the counts of resources and the last snapshots."""
    if not copies:
        return
    keys = [copy.key for copy in copies]
    counts = resource_counts(keys)
    looks = LastLook.objects.in_bulk(keys)
    for copy in copies:
        copy.first.update(counts[copy.key])
        copy.first.update(mirror.look_values(looks.get(copy.key)))


def resource_counts(keys: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return the counts of resources of namespaces, by their columns."""
    keys = list(keys)
    by_column = {
        column: resources.counts_of(kind, keys)
        for column, kind in mirror.COUNTED.items()
    }
    return {
        key: {column: counts.get(key, 0) for column, counts in by_column.items()}
        for key in keys
    }
