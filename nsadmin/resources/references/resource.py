"""A resource as pages show it, read from a document of any shape. Pure.

Other programs write the documents. Reading never raises; each value that cannot be read
is named by a sentence in `faults`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from nsadmin.names import clip, is_hidden
from nsadmin.namespaces.schema.document import UNDECODED
from nsadmin.namespaces.schema.reader import LIST, Reader, kind_of
from nsadmin.resources.references import vectors
from nsadmin.resources.references.kinds import WORDS, Kind

Raw = Mapping[str, Any]
KeyText = Callable[[object], str | None]

# The mark of an address that is made of `_id`, because the id cannot be part of one.
STAND_IN: Final = "~"
_LONGEST_ID: Final = 200
_LONGEST_NAME: Final = 300
_LONGEST_DESCRIPTION: Final = 4000
_LONGEST_STATE: Final = 40
_MOST_COUNT: Final = 2**63 - 1
# The fields that lists read; their sum stays small unless one of them is odd.
LISTED_FIELDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "buckets": (
        *("bucket_id", "bucket_name", "description", "updated_at", "created_at"),
        *("object_count", "total_size_bytes", "status", "is_locked", "storage_class"),
    ),
    "objects": (
        *("object_id", "bucket_id", "key_prefix", "status", "updated_at"),
        *("created_at", "blobs"),
    ),
    "collections": (
        *("collection_id", "collection_name", "description", "updated_at"),
        *("created_at", "document_count", "enabled", "lifecycle_state", "source"),
        *("feature_extractor", "vector_indexes", "schema_version"),
    ),
    "retrievers": (
        *("retriever_id", "retriever_name", "description", "updated_at"),
        *("created_at", "collection_ids", "stages", "is_published", "version"),
        "feature_dependencies",
    ),
    "taxonomies": (
        *("taxonomy_id", "taxonomy_name", "description", "updated_at", "created_at"),
        *("ready", "version", "config"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource; a text is "" and a number None where the document has none.

    `address` is how a page's address names it: its id, or a stand-in made of `_id`;
    None if neither fits an address. `state` is a word such as `active`, `is_off` set
    where it means that the resource does not work. `about` are facts in words, with
    labels. `vectors` are the vectors that it makes or searches.
    """

    kind: Kind
    id: str
    address: str | None
    name: str = ""
    description: str = ""
    state: str = ""
    is_off: bool = False
    count: int | None = None
    updated_at: datetime | None = None
    created_at: datetime | None = None
    about: tuple[tuple[str, str], ...] = ()
    vectors: tuple[str, ...] = ()
    bucket_id: str = ""
    faults: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Its name, else its id, else words."""
        return self.name or self.id or f"{WORDS[self.kind].one} without an id"


def read(kind: Kind, raw: Raw, *, key_text: KeyText) -> Resource:
    """Return the resource of a document; `key_text` writes an `_id` for an address."""
    reader = Reader()
    if UNDECODED in raw:
        reader.note("document", f"cannot be decoded: {raw[UNDECODED]}")
    words = WORDS[kind]
    own_id = _id(reader, raw, words.id_field)
    state, is_off = _state(kind, reader, raw)
    name = reader.text(raw, words.name_field, longest=_LONGEST_NAME) or ""
    return Resource(
        kind=kind,
        id=own_id,
        address=_address(raw, own_id, words.id_field, key_text),
        name=name or (_file_name(reader, raw) if kind == "objects" else ""),
        description=reader.text(raw, "description", longest=_LONGEST_DESCRIPTION) or "",
        state=state,
        is_off=is_off,
        count=_count(kind, reader, raw),
        updated_at=reader.date(raw, "updated_at"),
        created_at=reader.date(raw, "created_at"),
        about=tuple(_about(kind, reader, raw)),
        vectors=vectors.of(kind, raw),
        bucket_id=(reader.id(raw, "bucket_id", longest=_LONGEST_ID) or "")
        if kind == "objects"
        else "",
        faults=reader.faults,
    )


def _id(reader: Reader, raw: Raw, key: str) -> str:
    own_id = reader.id(raw, key, longest=_LONGEST_ID)
    if own_id is None and raw.get(key) in (None, ""):
        reader.note(key, "is missing, expected text")
    if own_id is not None:
        return own_id
    stored = raw.get("_id")
    if isinstance(stored, str | int) or kind_of(stored) == "an ObjectId":
        return clip(str(stored), _LONGEST_ID)
    return ""


def is_plain(own_id: str) -> bool:
    """Tell whether an id can be part of an address as it is."""
    if not own_id or len(own_id) > _LONGEST_ID or own_id in (".", ".."):
        return False
    odd = own_id.startswith(STAND_IN) or "/" in own_id or "\\" in own_id
    return not odd and not any(map(is_hidden, own_id))


def _address(raw: Raw, own_id: str, id_field: str, key_text: KeyText) -> str | None:
    if is_plain(own_id) and own_id in (raw.get(id_field), raw.get("_id")):
        return own_id
    key = key_text(raw.get("_id"))
    return None if key is None else f"{STAND_IN}{key}"


def _file_name(reader: Reader, raw: Raw) -> str:
    """Return the name of an object's first file, else its folder."""
    for _, blob in reader.entries(raw, "blobs", "object"):
        details = blob.get("details")
        name = details.get("filename") if isinstance(details, Mapping) else None
        if isinstance(name, str) and name:
            return clip(name, _LONGEST_NAME)
    return ""


def _state(kind: Kind, reader: Reader, raw: Raw) -> tuple[str, bool]:
    """Return the word of a state, and whether the resource is out of work."""
    if kind == "buckets" and _flag(reader, raw, "is_locked"):
        return "Locked", True
    if kind in ("buckets", "objects"):
        word = reader.text(raw, "status", longest=_LONGEST_STATE) or ""
        return word.capitalize(), word.upper() in ("FAILED", "ERROR")
    if kind == "collections":
        if _flag(reader, raw, "enabled") is False:
            return "Disabled", True
        word = reader.text(raw, "lifecycle_state", longest=_LONGEST_STATE) or ""
        return word.capitalize(), word in ("cold", "archived")
    if kind == "retrievers":
        is_published = _flag(reader, raw, "is_published")
        return ("Published" if is_published else ""), False
    is_ready = _flag(reader, raw, "ready")
    return {True: "Ready", False: "Not ready", None: ""}[is_ready], is_ready is False


def _flag(reader: Reader, raw: Raw, key: str) -> bool | None:
    """Return true or false; some programs and servers write 1 and 0 for them."""
    value = raw.get(key)
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    return reader.flag(raw, key)


def _count(kind: Kind, reader: Reader, raw: Raw) -> int | None:
    if kind == "buckets":
        return _number(reader, raw, "object_count")
    if kind == "collections":
        return _number(reader, raw, "document_count")
    if kind == "taxonomies":
        config = reader.object(raw, "config") or {}
        return _length(reader, config, "hierarchical_nodes")
    return _length(reader, raw, "blobs" if kind == "objects" else "stages")


def _number(reader: Reader, raw: Raw, key: str) -> int | None:
    """Return a count or a size, which may be larger than a column of integers."""
    value = raw.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        reader.expect(key, value, "a number")
        return None
    if not 0 <= value <= _MOST_COUNT:
        reader.note(key, "is out of range, expected a number from 0")
        return None
    return int(value)


def _length(reader: Reader, holder: Raw, key: str) -> int | None:
    value = holder.get(key)
    if value is None or isinstance(value, list):
        return None if value is None else len(value)
    reader.expect(key, value, LIST)
    return None


def _about(kind: Kind, reader: Reader, raw: Raw) -> list[tuple[str, str]]:
    """Return facts of a resource with their labels."""
    found: list[tuple[str, str | None]] = []
    if kind == "buckets":
        size = _number(reader, raw, "total_size_bytes")
        found.append(("Size", None if size is None else f"{size:,} bytes"))
        found.append(("Storage class", reader.text(raw, "storage_class", longest=60)))
    if kind == "objects":
        found.append(("Folder", reader.text(raw, "key_prefix", longest=_LONGEST_NAME)))
    if kind == "collections":
        found.append(("Extractor", vectors.extractor_of(raw)))
        found.append(("Source", _source(reader, raw)))
    if kind == "retrievers":
        read_from = _length(reader, raw, "collection_ids")
        found.append(("Collections", None if read_from is None else f"{read_from:,}"))
    if kind == "taxonomies":
        config = reader.object(raw, "config") or {}
        found.append(("Type", reader.text(config, "taxonomy_type", longest=60)))
    if kind in ("retrievers", "taxonomies"):
        version = _number(reader, raw, "version")
        found.append(("Version", None if version is None else f"{version:,}"))
    return [(label, value) for label, value in found if value]


def _source(reader: Reader, raw: Raw) -> str | None:
    source = reader.object(raw, "source") or {}
    kind = reader.text(source, "type", at="source", longest=60)
    other = reader.text(source, "source_namespace_id", at="source", longest=_LONGEST_ID)
    if kind and other and other != raw.get("namespace_id"):
        return f"{kind} of the namespace {other}"
    return kind
