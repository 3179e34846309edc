"""The fields of a namespace's payloads, from a small random sample that is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import timezone
from pydantic import TypeAdapter, ValidationError

from nsadmin.documents.collection import Opened
from nsadmin.documents.points import payload_of
from nsadmin.documents.shown.payload_paths import Seen, seen_in
from nsadmin.errors import NsadminError
from nsadmin.stores import ephemeral
from nsadmin.stores.qdrant.answers import AnswerTooLarge
from nsadmin.stores.qdrant.browsing import reading
from nsadmin.stores.qdrant.browsing.reading import Asked, Point

_KEPT_S: Final = 300
_MOST_BYTES: Final = 2 * 1024 * 1024
# So many points are drawn; fewer where an answer with them is too large.
_SIZES: Final = (32, 8, 2)
# Fields of the flat layout of payloads that the platform writes without an index.
PLATFORM_FIELDS: Final = frozenset(
    {
        "source_type",
        "source_collection_id",
        "source_document_id",
        "parent_document_id",
        "lineage_path",
        "processing_tier",
        "feature_refs",
    }
)


@dataclass(frozen=True, slots=True)
class FieldSample:
    """What the sample showed, when, and why there is none; `unknown` is "" if it is."""

    fields: Mapping[str, Seen] = field(default_factory=dict)
    at: datetime | None = None
    unknown: str = ""


_SAMPLE: Final = TypeAdapter(FieldSample)


def sampled(opened: Opened) -> FieldSample:
    """Return the fields of the kept sample, or of a new one; never raises."""
    key = f"fields:{opened.view.namespace.namespace_id}:{opened.name}"
    kept = _read(ephemeral.load(key))
    if kept is not None:
        return kept
    try:
        points = _draw(opened)
    except NsadminError as failure:
        return FieldSample(unknown=failure.message)
    payloads = [payload for point in points if (payload := payload_of(point))]
    found = FieldSample(seen_in(payloads) if payloads else {}, timezone.now())
    ephemeral.store(key, _SAMPLE.dump_json(found).decode(), seconds=_KEPT_S)
    return found


def _read(text: str | None) -> FieldSample | None:
    """Return a kept sample; what another version wrote is none."""
    try:
        return None if text is None else _SAMPLE.validate_json(text)
    except ValidationError:
        return None


def _draw(opened: Opened) -> list[Point]:
    most = opened.rules.max_query_limit
    asked = Asked(
        where=opened.guarded(),
        limit=1,
        timeout_s=settings.NSADMIN_PAGE_TIMEOUT_S,
        most_bytes=_MOST_BYTES,
    )
    for size in _SIZES:
        limit = size if most is None else max(1, min(size, most))
        try:
            return reading.random(
                opened.cluster, opened.name, replace(asked, limit=limit)
            ).points
        except AnswerTooLarge:
            if size == _SIZES[-1]:
                raise
    return []
