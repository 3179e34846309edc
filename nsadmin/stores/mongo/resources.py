"""Namespace contents: buckets, objects, collections, retrievers, taxonomies."""

from collections.abc import Iterator, Sequence
from typing import Literal

from pymongo import ASCENDING, ReplaceOne

from nsadmin.stores.mongo.connection import PAGE_S, SLICE_S, Document, collection
from nsadmin.stores.mongo.decoding import RAW, each_decoded
from nsadmin.stores.mongo.failures import retry_once, translate_errors

Kind = Literal["buckets", "objects", "collections", "retrievers", "taxonomies"]

KINDS: tuple[Kind, ...] = (
    "buckets",
    "objects",
    "collections",
    "retrievers",
    "taxonomies",
)
ID_FIELD: dict[Kind, str] = {
    "buckets": "bucket_id",
    "objects": "object_id",
    "collections": "collection_id",
    "retrievers": "retriever_id",
    "taxonomies": "taxonomy_id",
}


def page(
    kind: Kind, namespace_id: str, *, after: str = "", limit: int = 500
) -> list[Document]:
    """Return up to `limit` documents whose `_id` follows `after`, in `_id` order."""
    wanted: Document = {"namespace_id": namespace_id}
    if after:
        wanted["_id"] = {"$gt": after}
    with translate_errors(within_s=SLICE_S):
        found = collection(kind).find(wanted).sort("_id", ASCENDING).limit(limit)
        return list(found)


def every(kind: Kind, namespace_id: str) -> Iterator[Document]:
    """Return all documents of a kind, page by page."""
    after = ""
    while rows := page(kind, namespace_id, after=after):
        yield from rows
        after = rows[-1]["_id"]


def first_collections(
    namespace_id: str, limit: int, *, within_s: float = PAGE_S
) -> tuple[list[tuple[str, str]], int]:
    """Return (name, id) of the first collections, and how many there are in all."""
    named = {"collection_id": 1, "collection_name": 1}
    with translate_errors(within_s=within_s):
        wanted = {"namespace_id": namespace_id}
        found = collection("collections").find(wanted, named)
        rows = list(found.sort("_id", ASCENDING).limit(limit))
        pairs = [
            (
                str(row.get("collection_name") or ""),
                str(row.get("collection_id") or row["_id"]),
            )
            for row in rows
        ]
        total = count("collections", namespace_id) if len(rows) == limit else len(rows)
    return pairs, total


def known_collections(
    namespace_id: str, ids: Sequence[str], *, within_s: float
) -> set[str]:
    """Return those of the ids that collections of this namespace have."""
    wanted = {"namespace_id": namespace_id, "collection_id": {"$in": list(ids)}}
    with translate_errors(within_s=within_s):
        found = collection("collections").find(wanted, {"collection_id": 1})
        return {row["collection_id"] for row in found}


def put(kind: Kind, documents: Sequence[Document]) -> None:
    """Write documents under their own `_id`; writing the same again changes nothing."""
    if not documents:
        return
    writes = [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in documents]
    with translate_errors():
        retry_once(lambda: collection(kind).bulk_write(writes, ordered=False))


def count(kind: Kind, namespace_id: str) -> int:
    """Count the documents of a kind in one namespace, exactly."""
    with translate_errors(within_s=SLICE_S):
        rows = collection(kind).aggregate(
            [{"$match": {"namespace_id": namespace_id}}, {"$count": "n"}]
        )
        return next((int(row["n"]) for row in rows), 0)


def counts(namespace_id: str, *, within_s: float = SLICE_S) -> dict[Kind, int]:
    """Count every kind in one namespace, exactly; `within_s` bounds them together."""
    with translate_errors(within_s=within_s):
        return {kind: count(kind, namespace_id) for kind in KINDS}


def counts_of(kind: Kind, namespace_ids: Sequence[str]) -> dict[str, int]:
    """Count a kind in each of these namespaces at once; those without are left out."""
    wanted = {"namespace_id": {"$in": list(namespace_ids)}}
    with translate_errors(within_s=SLICE_S):
        rows = collection(kind).aggregate(
            [
                {"$match": wanted},
                {"$group": {"_id": "$namespace_id", "n": {"$sum": 1}}},
            ]
        )
        return {str(row["_id"]): int(row["n"]) for row in rows}


def delete_all(kind: Kind, namespace_id: str) -> int:
    """Delete every document of a kind in one namespace; return how many went."""
    return _delete(kind, {"namespace_id": namespace_id})


def delete_some(kind: Kind, namespace_id: str, *, limit: int = 1000) -> int:
    """Delete up to `limit` documents of a kind in one namespace; return how many went.

    Names them one by one, so that the time of a call does not grow with the namespace.
    """
    wanted: Document = {"namespace_id": namespace_id}
    with translate_errors(within_s=SLICE_S):
        found = collection(kind).find(wanted, {"_id": 1}).limit(limit)
        ids = [document["_id"] for document in found]
    return _delete(kind, {**wanted, "_id": {"$in": ids}}) if ids else 0


def _delete(kind: Kind, wanted: Document) -> int:
    """Delete what matches; the number is of the last try if the connection broke."""
    with translate_errors():
        gone = retry_once(lambda: collection(kind).delete_many(wanted))
        return gone.deleted_count


def summaries(kind: Kind, *, after: str, limit: int, within_s: float) -> list[Document]:
    """Return what can be searched of up to `limit` documents, in `_id` order.

    A damaged document is an object of its `_id` and UNDECODED. Ids that are no text
    are left out: nothing can refer to them.
    """
    noun = ID_FIELD[kind].removesuffix("_id")
    named = (ID_FIELD[kind], f"{noun}_name", "namespace_id", "description")
    with translate_errors(within_s=within_s):
        raw = collection(kind).with_options(codec_options=RAW)
        found = raw.find({"_id": {"$gt": after}}, dict.fromkeys(named, 1))
        return list(each_decoded(found.sort("_id", ASCENDING).limit(limit)))


def existing(kind: Kind, ids: Sequence[str], *, within_s: float) -> set[str]:
    """Return those of the ids that documents of this kind have."""
    with translate_errors(within_s=within_s):
        found = collection(kind).find({"_id": {"$in": list(ids)}}, {"_id": 1})
        return {document["_id"] for document in found}
