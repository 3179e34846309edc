"""Namespace documents: read, inserted, replaced by compare-and-set, deleted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import bson
from bson.errors import InvalidBSON
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, errors
from pymongo.collection import Collection
from pymongo.cursor import Cursor

from nsadmin.stores.mongo.connection import (
    PAGE_S,
    READ_S,
    SLICE_S,
    Document,
    collection,
)
from nsadmin.stores.mongo.decoding import OPTIONS, RAW, Stored, decoded, each_decoded
from nsadmin.stores.mongo.failures import is_temporary, retry_once, translate_errors

NAME = "namespaces"
# What tells whether a document changed: its key and the two fields that writers move.
_MARKS: Final = {"_id": 1, "revision": 1, "updated_at": 1}
# Every type of an `_id` but text; a condition on texts matches texts alone.
_OTHER_TYPES: Final = [
    *("null", "number", "object", "binData", "objectId", "bool", "date"),
    *("timestamp", "regex", "minKey", "maxKey"),
]
# The server's limit for a cursor over all documents, without the time between batches.
_WALK_MS: Final = 600_000
# Documents are handed over once they are so large together: a document has up to 16 MB.
PART_BYTES: Final = 16_000_000
_NAMING = dict.fromkeys(("infrastructure", "move", "fallback", "retired_fallbacks"), 1)


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the documents of an answer; the last part may have none."""

    stored: Sequence[Stored]
    is_last: bool


def get(namespace_id: str) -> Document | None:
    """Return the raw document, unknown keys of other writers included."""
    return _first({"_id": namespace_id})


def get_many(namespace_ids: Sequence[str]) -> list[Document]:
    """Return the raw documents of these namespaces, in any order, in one question.

    A damaged one is an object of its `_id` and UNDECODED.
    """
    with translate_errors(within_s=PAGE_S):
        found = _raw().find({"_id": {"$in": list(namespace_ids)}})
        return list(each_decoded(found))


def find_by_name(internal_id: str, name_key: str) -> Document | None:
    """Return the namespace of that tenant and case-folded name."""
    # Without the type the index of names, which has texts alone, would not be used.
    name = {"$eq": name_key, "$type": "string"}
    return _first({"internal_id": internal_id, "name_key": name})


def _first(wanted: Document) -> Document | None:
    with translate_errors(within_s=READ_S):
        found = _raw().find_one(wanted)
    return None if found is None else decoded(found)


def _raw() -> Collection[RawBSONDocument]:
    """Return the collection for reading documents that are decoded one by one."""
    return collection(NAME).with_options(codec_options=RAW)


def find_all_by_name(name_key: str) -> list[Document]:
    """Return every tenant's namespace of that case-folded name, for staff."""
    with translate_errors(within_s=READ_S):
        return list(each_decoded(_raw().find({"name_key": name_key}).limit(20)))


def find_by_collection(name: str) -> list[Document]:
    """Return the namespaces of every tenant that name this Qdrant collection."""
    named = [{"infrastructure.qdrant_collection": name}, {"_id": name}]
    with translate_errors(within_s=5 * PAGE_S):
        return list(each_decoded(_raw().find({"$or": named}).limit(20)))


def every_collection() -> Iterator[Document]:
    """Return of every document its `_id` and the parts that name its collections.

    Also those on other clusters, where it moves or was.
    """
    with translate_errors():
        yield from each_decoded(_raw().find({}, _NAMING).max_time_ms(_WALK_MS))


def with_left_behind() -> Iterator[Document]:
    """Return the documents with a collection that a move left behind."""
    with translate_errors():
        entries = [{key: {"$ne": None}} for key in ("fallback", "retired_fallbacks")]
        found = _raw().find({"$or": entries}).max_time_ms(_WALK_MS)
        yield from each_decoded(found)


def every() -> Iterator[Document]:
    """Return all namespace documents, for loops over all of them.

    A damaged one is an object of its `_id` and UNDECODED.
    """
    with translate_errors():
        yield from each_decoded(_raw().find({}).max_time_ms(_WALK_MS))


def marks_after(key: str, *, limit: int) -> list[Document]:
    """Return `_id`, `revision` and `updated_at` of documents, by their text `_id`.

    They are the first `limit` ones whose `_id` is a text after `key`, in the order of
    bytes; "" is before all but itself. A damaged one is its `_id` and UNDECODED.
    """

    def found(rows: Collection[Any]) -> Cursor[Any]:
        marks = rows.find(_after(key), _MARKS).sort("_id", ASCENDING)
        return marks.limit(limit).batch_size(limit)

    return _at_once(found)


def documents_after(key: str, *, limit: int) -> Iterator[Part]:
    """Yield whole documents, as `marks_after` returns them."""
    return _parts(_raw().find(_after(key)).sort("_id", ASCENDING).limit(limit))


def _after(key: str) -> Document:
    return {"_id": {"$gt": key}} if key else {"_id": {"$gte": ""}}


def other_marks(*, texts: int) -> list[Document]:
    """Return `marks_after` of the documents whose `_id` is no text; they are few.

    `texts` is the number of the others. A server that cannot be asked for types is only
    asked for everything if it has more documents than those.
    """
    with translate_errors(within_s=SLICE_S):
        try:
            wanted = {"_id": {"$type": _OTHER_TYPES}}
            return list(each_decoded(_raw().find(wanted, _MARKS)))
        except errors.OperationFailure as refused:
            if is_temporary(refused):
                raise
            if _count({}) <= texts:
                return []
            rows = each_decoded(_raw().find({}, _MARKS))
            return [row for row in rows if not isinstance(row.get("_id"), str)]


def _count(wanted: Document) -> int:
    rows = collection(NAME).aggregate([{"$match": wanted}, {"$count": "n"}])
    return next((int(row["n"]) for row in rows), 0)


def with_ids(ids: Sequence[Any]) -> Iterator[Part]:
    """Yield the documents with these ids, of any type; missing ones are left out."""
    if not ids:  # the follower asks so every two seconds
        return iter([Part([], is_last=True)])
    return _parts(_raw().find({"_id": {"$in": list(ids)}}))


def present_of(ids: Sequence[Any]) -> list[Any]:
    """Return which of these ids documents have."""
    wanted = {"_id": {"$in": list(ids)}}
    found = _at_once(
        lambda rows: rows.find(wanted, {"_id": 1}).batch_size(len(ids) + 1)
    )
    return [row.get("_id") for row in found]


def _at_once(ask: Callable[[Collection[Any]], Cursor[Any]]) -> list[Document]:
    """Return small documents, decoded in one call, which takes a third of the time.

    If one of them is damaged, they are read once more and decoded one by one.
    """
    with translate_errors(within_s=SLICE_S):
        try:
            return list(ask(collection(NAME)))
        except InvalidBSON:
            return list(each_decoded(ask(_raw())))


def _parts(found: Cursor[RawBSONDocument]) -> Iterator[Part]:
    part = Part([], is_last=False)
    while not part.is_last:
        part = _next_part(found)
        yield part


def _next_part(found: Cursor[RawBSONDocument]) -> Part:
    stored: list[Stored] = []
    size = 0
    with translate_errors(within_s=SLICE_S):
        for raw in found:
            stored.append(Stored(bytes(raw.raw)))
            size += len(raw.raw)
            if size >= PART_BYTES:
                return Part(stored, is_last=False)
    return Part(stored, is_last=True)


def marks_changed_at(at: datetime, after: str, *, limit: int) -> list[Document]:
    """Return `marks_after` of the documents that changed at this very time."""
    wanted: Document = {"updated_at": at, "_id": {"$gt": after}}
    return _at_once(lambda rows: rows.find(wanted, _MARKS).sort("_id", 1).limit(limit))


def marks_changed_between(
    after: datetime, until: datetime, *, limit: int
) -> list[Document]:
    """Return `_id`, `revision` and `updated_at` of changes, the oldest first.

    They changed later than `after` and not later than `until`, by `updated_at`.
    """
    wanted: Document = {"updated_at": {"$gt": after, "$lte": until}}
    order = [("updated_at", ASCENDING), ("_id", ASCENDING)]
    with translate_errors(within_s=SLICE_S):
        found = _raw().find(wanted, _MARKS).sort(order).limit(limit)
        return list(each_decoded(found))


def insert(document: Document) -> None:
    """Insert a new namespace; raise Conflict if its name, id or collection is taken.

    If the connection broke, it is tried once more; a document that is there by then and
    is the same was inserted by the first try.
    """
    with translate_errors():
        retry_once(
            lambda: collection(NAME).insert_one(document),
            again=lambda: _insert_again(document),
        )


def _insert_again(document: Document) -> Any:
    try:
        return collection(NAME).insert_one(document)
    except errors.DuplicateKeyError:
        sent = bson.decode(bson.encode(document, codec_options=OPTIONS), OPTIONS)
        if _first({"_id": document["_id"]}) != sent:
            raise
        return None


def replace(before: Document, after: Document) -> bool:
    """Write `after` if the stored document still is `before`; False if it changed.

    Compares `revision`; `updated_at`, because other writers may change only that; and
    `observed_revision`, which changes alone when pending steps are finished. A document
    without `revision` counts as revision 0.

    The write is repeated once if the connection broke. False may then mean that the
    first attempt succeeded; a caller that must know looks for its own change.
    """
    expected: Document = {"_id": before["_id"]}
    for key in ("revision", "updated_at", "observed_revision"):
        if before.get(key) is not None:
            expected[key] = before[key]
    with translate_errors():
        if "revision" not in expected:
            stored = _first(expected)
            if stored is None or stored.get("revision") is not None:
                return False
        done = retry_once(lambda: collection(NAME).replace_one(expected, after))
        return done.matched_count == 1


def delete(namespace_id: str, *, revision: int) -> bool:
    """Delete the document if it has that revision; False if it changed or is gone.

    If the connection broke, it is tried once more, and then a document that is gone
    counts as deleted.
    """
    wanted = {"_id": namespace_id, "revision": revision}

    def write() -> bool:
        return collection(NAME).delete_one(wanted).deleted_count == 1

    with translate_errors():
        return retry_once(
            write, again=lambda: write() or _first({"_id": namespace_id}) is None
        )


def count_of_tenant(internal_id: str) -> int:
    """Count the tenant's namespaces; those that are deleted do not count."""
    with translate_errors(within_s=PAGE_S):
        return _count({"internal_id": internal_id, "deleted_at": None})
