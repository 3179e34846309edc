"""Namespace documents: read, inserted, replaced by compare-and-set, deleted."""

from collections.abc import Iterable, Iterator, Sequence

from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, errors
from pymongo.collection import Collection

from nsadmin.errors import Conflict
from nsadmin.stores.mongo.connection import (
    READ_S,
    Document,
    collection,
    retry_once,
    translate_errors,
)
from nsadmin.stores.mongo.decoding import RAW, decoded, each_decoded

NAME = "namespaces"
_COLLECTION_PATHS = tuple(
    f"{holder}infrastructure.qdrant_collection"
    for holder in ("", "move.", "fallback.", "retired_fallbacks.")
)


def ensure_indexes() -> None:
    """Make the unique indexes of names and of collections.

    Documents of other writers may lack `name_key` and `collection_key`.
    """
    with translate_errors():
        collection(NAME).create_index(
            [("internal_id", ASCENDING), ("name_key", ASCENDING)],
            unique=True,
            partialFilterExpression={"name_key": {"$type": "string"}},
        )
        collection(NAME).create_index(
            [("collection_key", ASCENDING)],
            unique=True,
            partialFilterExpression={"collection_key": {"$type": "string"}},
        )


def _taken() -> Conflict:
    return Conflict(
        "A namespace of this organization has this name already.",
        code="namespace_name_taken",
        details={"field": "namespace_name"},
    )


def get(namespace_id: str) -> Document | None:
    """Return the raw document, unknown keys of other writers included."""
    return _first({"_id": namespace_id})


def find_by_name(internal_id: str, name_key: str) -> Document | None:
    """Return the namespace of that tenant and case-folded name."""
    return _first({"internal_id": internal_id, "name_key": name_key})


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
    with translate_errors():
        return list(each_decoded(_raw().find({"$or": named}).limit(20)))


def find_by_collections(names: Sequence[str]) -> Iterator[Document]:
    """Return the namespaces of every tenant that name one of these collections.

    Also those that have one on another cluster, where they move or were. Without an
    index of these names the store reads all its documents once.
    """
    wanted = {"$in": list(names)}
    named = [{path: wanted} for path in ("_id", *_COLLECTION_PATHS)]
    with translate_errors():
        yield from each_decoded(_raw().find({"$or": named}))


def with_left_behind() -> Iterator[Document]:
    """Return the documents with a collection that a move left behind."""
    entries = [{key: {"$ne": None}} for key in ("fallback", "retired_fallbacks")]
    with translate_errors():
        yield from each_decoded(_raw().find({"$or": entries}))


def every() -> Iterator[Document]:
    """Return all namespace documents, for loops over all of them.

    A damaged one is an object of its `_id` and UNDECODED.
    """
    with translate_errors():
        yield from each_decoded(_raw().find({}))


def insert(document: Document) -> None:
    """Insert a new namespace; raise Conflict if its name or id is taken."""
    with translate_errors():
        try:
            collection(NAME).insert_one(document)
        except errors.DuplicateKeyError:
            raise _taken() from None


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
            stored = collection(NAME).find_one(expected)
            if stored is None or stored.get("revision") is not None:
                return False
        try:
            done = retry_once(lambda: collection(NAME).replace_one(expected, after))
            return done.matched_count == 1
        except errors.DuplicateKeyError:
            raise _taken() from None


def delete(namespace_id: str, *, revision: int) -> bool:
    """Delete the document if it has that revision; False if it changed or is gone."""
    with translate_errors():
        found = collection(NAME).delete_one({"_id": namespace_id, "revision": revision})
        return found.deleted_count == 1


def count_of_tenant(internal_id: str) -> int:
    """Count the tenant's namespaces; those that are deleted do not count."""
    wanted = {"internal_id": internal_id, "deleted_at": None}
    with translate_errors():
        rows: Iterable[Document] = collection(NAME).aggregate(
            [{"$match": wanted}, {"$count": "n"}]
        )
        return next((int(row["n"]) for row in rows), 0)
