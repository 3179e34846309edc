"""The documents that a filter finds, as a stream of JSON lines."""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
import structlog
from django.conf import settings
from django.db import DatabaseError

from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.documents.collection import Opened
from nsadmin.documents.costs import cost_of, refusals, require_allowed
from nsadmin.documents.found import PointId
from nsadmin.documents.points import asked_of
from nsadmin.documents.query.filters import EVERY, Filter
from nsadmin.documents.use import count_use
from nsadmin.errors import Conflict, NsadminError
from nsadmin.names import clip
from nsadmin.stores import redis
from nsadmin.stores.qdrant.answers import AnswerTooLarge, TooManyValues
from nsadmin.stores.qdrant.browsing import reading
from nsadmin.stores.qdrant.browsing.reading import Asked, Point, PointPage

log = structlog.get_logger(__name__)

ACTION: Final = "document:export"
_PAGE: Final = 256
_PAGE_BYTES: Final = 16 * 1024 * 1024
# An export holds a thread of the web server, so it ends after this time.
_MOST_S: Final = 300.0
_INTERRUPTED: Final = "the export was interrupted"


@dataclass(frozen=True, slots=True)
class Export:
    """A file in parts; `lines` asks Qdrant while it is read, and is read once.

    Each line is a document, `{"id": …, "payload": …}`. The last is
    `{"export": {"documents": …, "is_complete": …, "reason": …}}`.
    """

    filename: str
    lines: Iterator[bytes]


def start_export(
    opened: Opened, *, asked: Filter = EVERY, with_vectors: bool = False
) -> Export:
    """Begin an export, which is recorded in the audit now and at its end.

    The caller has checked DOCUMENT_EXPORT. At most NSADMIN_EXPORT_DOCUMENTS documents
    and NSADMIN_EXPORT_BYTES bytes. Raises Conflict while an export of the same
    organization runs, and as lists do.
    """
    require_allowed(opened, asked, cost_of(opened, asked))
    slot = f"export:{opened.actor.organization_id}"
    if not redis.claim(slot, milliseconds=round(_MOST_S * 1000)):
        raise Conflict(
            "An export of your organization is running. Wait until it ends.",
            code="export_running",
        )
    run = _Run(opened, asked, with_vectors, slot, record.new_op_id())
    try:
        began = time.perf_counter()
        with refusals(opened, asked):
            first = run.page(None)
        count_use(opened, asked, milliseconds=(time.perf_counter() - began) * 1000)
        run.note()
    except BaseException:
        redis.release(slot)
        raise
    lines = run.lines(first)
    next(lines)  # from here on its end is recorded, even if nothing is read of it
    return Export(f"{opened.view.namespace.namespace_id}.jsonl", lines)


@dataclass(slots=True)
class _Run:
    """An export under way: what was written, and why it ended."""

    opened: Opened
    asked: Filter
    with_vectors: bool
    slot: str
    op_id: str
    began: float = field(default_factory=time.monotonic)
    documents: int = 0
    size: int = 0
    most: int = _PAGE
    reason: str = _INTERRUPTED
    failed: bool = True

    def page(self, offset: PointId | None) -> PointPage:
        """Return a page, with fewer documents where they are large.

        A document that is too large by itself has no payload.
        """
        while True:
            asked = self._asked()
            try:
                page = self._read(asked, offset)
            except (AnswerTooLarge, TooManyValues):
                if self.most > 1:
                    self.most //= 2
                    continue
            else:  # large documents often stand together; those after them are small
                self.most = min(_PAGE, 2 * self.most)
                return page
            found = self._read(replace(asked, fields=False, vectors=False), offset)
            points = [replace(point, payload=b"") for point in found.points]
            return PointPage(points, found.next_offset)

    def _asked(self) -> Asked:
        asked = asked_of(self.opened, self.opened.guarded(self.asked), self.most)
        return replace(
            asked,
            timeout_s=settings.NSADMIN_CLUSTER_DEADLINE_S,
            most_bytes=_PAGE_BYTES,
            vectors=self.with_vectors,
        )

    def _read(self, asked: Asked, offset: PointId | None) -> PointPage:
        return reading.by_id(
            self.opened.cluster, self.opened.name, asked, offset=offset
        )

    def lines(self, first: PointPage) -> Generator[bytes, None, None]:
        """Yield nothing once, so that the end is recorded; then the lines."""
        try:
            yield b""
            yield from self._documents(first)
            yield self._last_line()
        finally:
            redis.release(self.slot)
            self.end()

    def _documents(self, first: PointPage) -> Iterator[bytes]:
        page = first
        try:
            while True:
                for point in page.points:
                    line = self._line(point)
                    self.reason = self._limit(len(line))
                    if self.reason:
                        self.failed = False
                        return
                    self.reason = _INTERRUPTED
                    self.documents += 1
                    self.size += len(line)
                    yield line
                if page.next_offset is None:
                    self.reason, self.failed = "", False
                    return
                page = self.page(page.next_offset)
        except NsadminError as failure:
            self.reason = failure.message

    def _limit(self, size: int) -> str:
        """Return why a line of this size is not written; "" if it is."""
        if self.documents >= settings.NSADMIN_EXPORT_DOCUMENTS:
            most = f"{settings.NSADMIN_EXPORT_DOCUMENTS:,}"
            return f"an export has at most {most} documents"
        if self.size + size > settings.NSADMIN_EXPORT_BYTES:
            return f"an export has at most {settings.NSADMIN_EXPORT_BYTES:,} bytes"
        if time.monotonic() - self.began > _MOST_S:
            return f"an export may take at most {_MOST_S:.0f} s"
        return ""

    def _line(self, point: Point) -> bytes:
        parts = [b'{"id":' + orjson.dumps(point.id)]
        if point.payload:
            parts.append(b'"payload":' + _one_line(point.payload))
        else:
            parts.append(b'"payload":null,"error":"too large for an export"')
        if self.with_vectors and point.payload:
            parts.append(b'"vector":' + _one_line(point.vector))
        return b",".join(parts) + b"}\n"

    def _last_line(self) -> bytes:
        end = {
            "documents": self.documents,
            "is_complete": not self.reason,
            "reason": self.reason,
        }
        return orjson.dumps({"export": end}) + b"\n"

    def note(self) -> None:
        """Record the export before its first byte, or again with what it wrote."""
        view = self.opened.view
        told: dict[str, Any] = {
            "filter": clip(self.asked.sentence, 1000),
            "with_vectors": self.with_vectors,
            "documents": self.documents,
            "bytes": self.size,
        }
        record.attempt(
            op_id=self.op_id,
            action=ACTION,
            summary=f"Export documents of {view.namespace.label}",
            actor=self.opened.actor,
            organization_id=view.organization_id or self.opened.actor.organization_id,
            namespace_id=view.namespace.namespace_id,
            namespace_name=view.namespace.name,
            changes=[
                {
                    "field": name,
                    "before": None,
                    "after": value,
                    "sentence": f"{name.replace('_', ' ')}: {value}",
                }
                for name, value in told.items()
            ],
        )

    def end(self) -> None:
        """Record what was exported; its row stays open while the database is away."""
        outcome = Outcome.FAILED if self.failed else Outcome.DONE
        try:
            self.note()
            record.close(self.op_id, outcome, error=self.reason)
        except DatabaseError as failure:
            log.warning("export_not_recorded", op_id=self.op_id, error=str(failure))


def _one_line(content: bytes) -> bytes:
    """Return JSON without line ends, which it has only between its values."""
    return content.replace(b"\n", b" ").replace(b"\r", b" ")
