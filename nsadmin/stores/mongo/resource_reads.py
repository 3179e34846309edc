"""Bounded reads of what a namespace holds: pages, single documents, references.

Every read has a deadline. Documents are decoded one by one, so that a damaged one does
not hide the others, and only until a number of bytes is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, DESCENDING

from nsadmin.names import LAST_CHARACTER
from nsadmin.stores.mongo.connection import PAGE_S, Document, collection
from nsadmin.stores.mongo.decoding import RAW, decoded
from nsadmin.stores.mongo.failures import translate_errors
from nsadmin.stores.mongo.keys import beyond, is_like, other_types
from nsadmin.stores.mongo.resources import ID_FIELD, Kind

MOST_BYTES: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Slice:
    """Documents of a page; `is_cut` if reading ended early because they are large."""

    documents: list[Document]
    is_cut: bool = False


def page(
    kind: Kind,
    namespace_id: str,
    *,
    where: Document | None = None,
    after: object = None,
    before: object = None,
    limit: int,
    fields: Sequence[str] = (),
    most_bytes: int = MOST_BYTES,
    within_s: float = PAGE_S,
) -> Slice:
    """Return up to `limit` documents in the order of `_id`.

    `after` and `before` are the `_id` at which the neighboring page ends; those before
    it come in falling order.
    """
    match: Document = {"namespace_id": namespace_id, **(where or {})}
    falling = before is not None
    at = before if falling else after
    ask = partial(_sorted, kind, fields=fields, falling=falling)
    with translate_errors(within_s=within_s):
        if at is None:
            return _within(ask(match, limit=limit), most_bytes)
        near = ask({**match, **beyond(at, falling=falling)}, limit=limit)
        found = _within(near, most_bytes)
        left = limit - len(found.documents)
        if found.is_cut or not left or _ends_alike(kind, match, at, falling=falling):
            return found
        far = ask({**match, **other_types(at, falling=falling)}, limit=left)
        more = _within(far, most_bytes)
        return Slice([*found.documents, *more.documents], more.is_cut)


def _ends_alike(kind: Kind, match: Document, at: object, *, falling: bool) -> bool:
    """Tell whether the last `_id` is of the type of `at`, so that no other follows."""
    last = _sorted(kind, match, limit=1, fields=("_id",), falling=not falling)
    return all(is_like(decoded(raw)["_id"], at) for raw in last)


def _sorted(
    kind: Kind,
    match: Document,
    *,
    limit: int,
    fields: Sequence[str],
    falling: bool,
) -> Iterator[RawBSONDocument]:
    # An aggregation, because the embedded server pages by it in milliseconds.
    stages: list[Mapping[str, Any]] = [
        {"$match": match},
        {"$sort": {"_id": DESCENDING if falling else ASCENDING}},
        {"$limit": limit},
    ]
    if fields:
        stages.append({"$project": dict.fromkeys(fields, 1)})
    raw = collection(kind).with_options(codec_options=RAW)
    return raw.aggregate(stages, batchSize=limit)  # one answer, up to 16 MB


def _within(found: Iterator[RawBSONDocument], most_bytes: int) -> Slice:
    documents: list[Document] = []
    left = most_bytes
    for raw in found:
        left -= len(raw.raw)
        documents.append(decoded(raw))
        if left <= 0:
            return Slice(documents, is_cut=True)
    return Slice(documents)


def by_id(kind: Kind, namespace_id: str, resource_id: str) -> list[Document]:
    """Return the documents of an id, at most two; one is usual.

    Looks for the id under its own field first, then for a document without that field.
    """
    own = {"namespace_id": namespace_id, ID_FIELD[kind]: resource_id}
    found = _few(kind, own, limit=2)
    if found:
        return found
    keys = [resource_id, f"{namespace_id}:{resource_id}"]
    return _few(kind, {"namespace_id": namespace_id, "_id": {"$in": keys}}, limit=1)


def by_key(kind: Kind, namespace_id: str, key: object) -> Document | None:
    """Return the document of an `_id`."""
    found = _few(kind, {"namespace_id": namespace_id, "_id": {"$eq": key}}, limit=1)
    return found[0] if found else None


def by_ids(
    kind: Kind, namespace_id: str, ids: Sequence[str], fields: Sequence[str]
) -> list[Document]:
    """Return the documents of several ids, with these fields alone."""
    if not ids:
        return []
    wanted = {"namespace_id": namespace_id, ID_FIELD[kind]: {"$in": list(ids)}}
    return _few(kind, wanted, limit=2 * len(ids), fields=fields)


def by_prefix(
    kind: Kind, namespace_id: str, prefix: str, *, limit: int, fields: Sequence[str]
) -> list[Document]:
    """Return documents whose id begins with a text, in the order of the index."""
    span = {"$gte": prefix, "$lt": prefix + LAST_CHARACTER}
    wanted = {"namespace_id": namespace_id, ID_FIELD[kind]: span}
    return _few(kind, wanted, limit=limit, fields=fields)


def naming(
    kind: Kind, namespace_id: str, *, field: str, value: str, limit: int
) -> list[Document]:
    """Return the first documents that have a value in a field, ids alone."""
    wanted = {"namespace_id": namespace_id, field: value}
    return _few(kind, wanted, limit=limit, fields=(ID_FIELD[kind],))


def count_naming(kind: Kind, namespace_id: str, *, field: str, value: str) -> int:
    """Count the documents that have a value in a field."""
    with translate_errors(within_s=PAGE_S):
        rows = collection(kind).aggregate(
            [{"$match": {"namespace_id": namespace_id, field: value}}, {"$count": "n"}]
        )
        return next((int(row["n"]) for row in rows), 0)


def _few(
    kind: Kind, wanted: Document, *, limit: int, fields: Sequence[str] = ()
) -> list[Document]:
    shown = dict.fromkeys(fields, 1) if fields else None
    with translate_errors(within_s=PAGE_S):
        raw = collection(kind).with_options(codec_options=RAW)
        return _within(raw.find(wanted, shown).limit(limit), MOST_BYTES).documents
