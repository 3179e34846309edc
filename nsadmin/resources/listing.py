"""Lists of resources: pages in the order of `_id`, search, counts.

Every list is a constant number of reads, whatever the namespace holds: ids are found by
an index, other texts by looking through a bounded number of documents at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from nsadmin.errors import NsadminError
from nsadmin.names import composed
from nsadmin.resources.reading import resource_of
from nsadmin.resources.references.kinds import KINDS, WORDS, Kind
from nsadmin.resources.references.resource import LISTED_FIELDS, Raw, Resource
from nsadmin.stores.mongo import resource_reads as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.keys import key_of, key_text

PER_PAGE: Final = 25
# The documents that one page of a search looks through.
SCANNED: Final = 5000
LONGEST_SEARCH: Final = 200
_COUNTS_S: Final = 1.0
_MOST_FILES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What a list shows: a search text, objects of one bucket, and where it begins.

    `after` and `before` are texts of `_id` (`older` and `newer` of another page).
    """

    search: str = ""
    bucket_id: str = ""
    after: str = ""
    before: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves resources out."""
        return bool(self.search or self.bucket_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of a list.

    `newer` and `older` are the texts for the neighboring pages, "" where none is.
    `scanned` is how many documents a search looked through for this page; `is_whole`
    whether it saw all that follow.
    """

    resources: tuple[Resource, ...] = ()
    newer: str = ""
    older: str = ""
    scanned: int | None = None
    is_whole: bool = True


@dataclass(slots=True)
class _Matches:
    """The documents that a search finds, in the order in which it sees them."""

    needle: str
    kind: Kind
    found: dict[str, Resource] = field(default_factory=dict)

    def add(self, raw: Raw) -> None:
        resource = resource_of(self.kind, raw)
        self.found.setdefault(repr(raw.get("_id")), resource)


def list_of(kind: Kind, namespace_id: str, query: ListQuery) -> Listing:
    """Return one page; raise Unavailable if MongoDB does not answer in two seconds.

    A text for the beginning that is none of ours begins the list anew.
    """
    after, before = _key(query.after), _key(query.before)
    if query.search:
        return _search(kind, namespace_id, query, after)
    found = store.page(
        kind,
        namespace_id,
        where=_where(kind, query),
        after=None if before is not None else after,
        before=before,
        limit=PER_PAGE + 1,
        fields=LISTED_FIELDS[kind],
    )
    rows = found.documents[:PER_PAGE]
    has_more = found.is_cut or len(found.documents) > PER_PAGE
    is_back = before is not None
    if is_back:
        rows.reverse()
    has_newer = has_more if is_back else after is not None
    has_older = bool(rows) if is_back else has_more
    return Listing(
        resources=tuple(resource_of(kind, raw) for raw in rows),
        newer=_text(rows[0]) if rows and has_newer else "",
        older=_text(rows[-1]) if rows and has_older else "",
    )


def counts_of(namespace_id: str) -> Mapping[Kind, int | None]:
    """Return how many there are of each kind; None while MongoDB does not answer."""
    try:
        return {**resources.counts(namespace_id, within_s=_COUNTS_S)}
    except NsadminError:
        return dict.fromkeys(KINDS, None)


def _where(kind: Kind, query: ListQuery) -> dict[str, Any]:
    is_of_bucket = kind == "objects" and query.bucket_id
    return {"bucket_id": query.bucket_id} if is_of_bucket else {}


def _key(text: str) -> Any:
    try:
        return key_of(text) if text else None
    except LookupError:
        return None


def _text(raw: Raw) -> str:
    return key_text(raw.get("_id")) or ""


def _search(kind: Kind, namespace_id: str, query: ListQuery, after: object) -> Listing:
    """Look through the next documents; on the first page ids come first, by index."""
    matches = _Matches(composed(query.search).casefold(), kind)
    fields = LISTED_FIELDS[kind]
    found = store.page(
        kind,
        namespace_id,
        where=_where(kind, query),
        after=after,
        limit=SCANNED,
        fields=fields,
    )
    seen = _look_through(found.documents, matches)
    is_whole = not found.is_cut and len(found.documents) < SCANNED
    if after is None and not is_whole:
        by_index = _by_id(kind, namespace_id, query, fields)
        matches.found = {
            repr(raw.get("_id")): resource_of(kind, raw) for raw in by_index
        } | matches.found
    is_whole = is_whole and seen == len(found.documents)
    return Listing(
        resources=tuple(matches.found.values())[: 2 * PER_PAGE],
        older="" if is_whole or not seen else _text(found.documents[seen - 1]),
        scanned=seen,
        is_whole=is_whole,
    )


def _look_through(documents: Sequence[Raw], matches: _Matches) -> int:
    """Add what matches until a page is full; return how many were looked at."""
    for number, raw in enumerate(documents):
        if len(matches.found) == PER_PAGE:
            return number
        if any(matches.needle in text for text in _texts(matches.kind, raw)):
            matches.add(raw)
    return len(documents)


def _by_id(
    kind: Kind, namespace_id: str, query: ListQuery, fields: Sequence[str]
) -> list[dict[str, Any]]:
    """Return those whose id begins with the text, as it was written."""
    if "\0" in query.search:
        return []
    rows = store.by_prefix(
        kind, namespace_id, query.search.strip(), limit=PER_PAGE, fields=fields
    )
    if kind == "objects" and query.bucket_id:
        return [row for row in rows if row.get("bucket_id") == query.bucket_id]
    return rows


def _texts(kind: Kind, raw: Raw) -> list[str]:
    """Return what a search compares: id, name, description; an object's files."""
    words = WORDS[kind]
    values = [
        raw.get(words.id_field) or raw.get("_id"),
        raw.get(words.name_field),
        raw.get("description"),
    ]
    if kind == "objects":
        values += [raw.get("key_prefix"), *_file_names(raw.get("blobs"))]
    return [composed(value).casefold() for value in values if isinstance(value, str)]


def _file_names(blobs: object) -> list[object]:
    details = [
        blob.get("details")
        for blob in (blobs[:_MOST_FILES] if isinstance(blobs, list) else [])
        if isinstance(blob, Mapping)
    ]
    return [d.get("filename") for d in details if isinstance(d, Mapping)]
