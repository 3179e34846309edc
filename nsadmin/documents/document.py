"""One document: its payload, its vectors and its origin, in bounded parts."""

from dataclasses import dataclass
from html import escape
from typing import Any, Final

import orjson

from nsadmin.documents import lookup
from nsadmin.documents.collection import Opened
from nsadmin.documents.found import PointId, document_id_of
from nsadmin.documents.points import payload_of
from nsadmin.documents.shown import vectors
from nsadmin.documents.shown.lineage import Lineage, lineage_of
from nsadmin.documents.shown.paths import entry_at, steps_of
from nsadmin.documents.shown.tree import Node, Slice, slice_of, tree_of
from nsadmin.documents.shown.vectors import ShownVector
from nsadmin.errors import Invalid, NotFound
from nsadmin.names import clip
from nsadmin.namespaces.schema.payload_indexes import is_path
from nsadmin.stores.qdrant.answers import MalformedAnswer

Json = dict[str, Any]

# The most bytes of all vectors of a document that are described.
_VECTOR_BYTES: Final = 8 * 1024 * 1024
_JSON_BYTES: Final = 48_000
_JSON_HTML_BYTES: Final = 120_000
_MOST_VECTORS: Final = 32
_ID_LENGTH: Final = 255


@dataclass(frozen=True, slots=True)
class Document:
    """A document with what a page shows of it.

    `tree` is None and `unreadable` says why where the payload cannot be read. `json` is
    the start of the payload as indented JSON; `is_json_cut` tells that it goes on, see
    `payload_json`. `payload_bytes` is its size as JSON. `namesakes` counts other
    documents with the same `document_id`, up to ten.
    """

    point_id: PointId
    document_id: str
    tree: Node | None
    json: str
    is_json_cut: bool
    payload_bytes: int
    vectors: tuple[ShownVector, ...]
    lineage: Lineage
    namesakes: int = 0
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """A document as it is stored; `payload` is None where it cannot be read.

    Then `head` has the fields of rows, which may be readable. `content` is the payload
    as the JSON that Qdrant sent.
    """

    point_id: PointId
    payload: Json | None
    content: bytes
    head: Json
    vectors: tuple[ShownVector, ...]
    namesakes: int
    unreadable: str = ""


def read_document(opened: Opened, identifier: str) -> Whole:
    """Return a document with its whole payload; raises as `get_document` does."""
    found, namesakes = lookup.find(opened, identifier)
    payload, content, unreadable = None, b"", ""
    try:
        point = lookup.read_point(opened, found.id)
        payload, content = point.decoded_payload(), point.payload
    except MalformedAnswer as failure:
        unreadable = failure.message
    return Whole(
        point_id=found.id,
        payload=payload,
        content=content,
        head=payload if payload is not None else payload_of(found) or {},
        vectors=_vectors(opened, found.id),
        namesakes=namesakes,
        unreadable=unreadable,
    )


def get_document(opened: Opened, identifier: str) -> Document:
    """Return a document by the id of its point or by its `document_id`.

    Raises NotFound for none and for one of another tenant, Unavailable, UpstreamError.
    """
    whole = read_document(opened, identifier)
    text, is_cut = _json_text(whole.content, whole.payload)
    return Document(
        point_id=whole.point_id,
        document_id=clip(document_id_of(whole.head), _ID_LENGTH),
        tree=None if whole.payload is None else tree_of(whole.payload),
        json=text,
        is_json_cut=is_cut,
        payload_bytes=len(whole.content),
        vectors=whole.vectors,
        lineage=lineage_of(whole.head),
        namesakes=whole.namesakes,
        unreadable=whole.unreadable,
    )


def _json_text(raw: bytes, payload: Json | None) -> tuple[str, bool]:
    """Return the start of the payload as indented JSON, and whether it was cut."""
    if payload is None:
        return "", True
    if len(raw) > _JSON_BYTES:
        return _within_html(raw[:_JSON_BYTES].decode(errors="replace")), True
    text = orjson.dumps(payload, option=orjson.OPT_INDENT_2).decode()
    shown = _within_html(text[:_JSON_BYTES])
    return shown, len(shown) < len(text)


def _within_html(text: str) -> str:
    """Return as much of a text as takes `_JSON_HTML_BYTES` at most in HTML."""
    while (size := len(escape(text).encode())) > _JSON_HTML_BYTES:
        text = text[: len(text) * _JSON_HTML_BYTES // size]
    return text


def _vectors(opened: Opened, point_id: PointId) -> tuple[ShownVector, ...]:
    """Return the vectors; one by one where all at once are too large."""
    names = [*opened.live.vectors, *opened.live.sparse_vectors]
    try:
        found = _named(opened, point_id)
    except MalformedAnswer:
        return tuple(
            vector
            for name in names[:_MOST_VECTORS]
            if (vector := _vector(opened, point_id, name)) is not None
        )
    known = {name: found[name] for name in names if name in found} | found
    return tuple(
        vectors.shown(clip(name, _ID_LENGTH), value)
        for name, value in list(known.items())[:_MOST_VECTORS]
    )


def _vector(opened: Opened, point_id: PointId, name: str) -> ShownVector | None:
    try:
        found = _named(opened, point_id, [name] if name else None)
    except MalformedAnswer:
        return ShownVector(name, "unread")
    return vectors.shown(name, found[name]) if name in found else None


def _named(opened: Opened, point_id: PointId, names: list[str] | None = None) -> Json:
    """Return vectors as Qdrant gives them: all, or those of these names."""
    point = lookup.read_point(
        opened, point_id, fields=False, names=names or True, most_bytes=_VECTOR_BYTES
    )
    return vectors.named(point.decoded_vector())


def value_at(opened: Opened, identifier: str, pointer: str, *, start: int = 0) -> Slice:
    """Return a part of one value from `start` on: 16,384 characters or 200 entries.

    Raises NotFound as well for a pointer to nothing; Invalid at `pointer` or `start`.
    """
    steps = steps_of(pointer)
    if steps is None:
        raise Invalid.at("pointer", "A pointer is empty or begins with a slash.")
    if start < 0:
        raise Invalid.at("start", "The start must not be negative.")
    point_id = lookup.find_id(opened, identifier)
    is_plain = bool(steps) and is_path(steps[0]) and "." not in steps[0]
    is_plain = is_plain and "[]" not in steps[0]
    fields: list[str] | bool = [steps[0]] if is_plain else True
    payload = lookup.read_point(opened, point_id, fields=fields).decoded_payload()
    value, is_there = entry_at(payload, steps)
    if not is_there:
        raise NotFound("The document has no such value.")
    key = steps[-1] if steps else ""
    return slice_of(value, key=key, pointer=pointer, start=start)


def payload_json(opened: Opened, identifier: str) -> bytes:
    """Return the whole payload as JSON, for a download; raises as `get_document`.

    Raises AnswerTooLarge for one of more than 16 MB.
    """
    point = lookup.read_point(opened, lookup.find_id(opened, identifier))
    point.decoded_payload()
    return point.payload if point.payload != b"null" else b"{}"


def vector_json(opened: Opened, identifier: str, name: str) -> bytes:
    """Return all numbers of one vector as JSON, as Qdrant gives them, for a download.

    Raises NotFound for a vector that the document has not, AnswerTooLarge.
    """
    if name not in {*opened.live.vectors, *opened.live.sparse_vectors}:
        raise NotFound("The collection has no such vector.")
    point_id = lookup.find_id(opened, identifier)
    point = lookup.read_point(
        opened, point_id, fields=False, names=[name] if name else True
    )
    found = vectors.named(point.decoded_vector())
    if name not in found:
        raise NotFound("The document does not have this vector.")
    return orjson.dumps(found[name])
