"""The result of a comparison of documents as its page draws it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse

from nsadmin.comparison.models import Comparison, Mode
from nsadmin.jobs.models import Job
from nsadmin.pages.common.badges import COMPARED, JOBS, UNKNOWN, Badge, job_badge
from nsadmin.pages.templatetags.formatting import many

Json = dict[str, Any]

# {count of a result: (title, remark)}, in the order of the page.
_COUNTS: Final = {
    "equal": ("Equal", "same id, payload and vectors"),
    "payload": ("Other payload", "same document, fields differ"),
    "vectors": ("Other vectors", "same document, numbers differ"),
    "only_left": ("Only on the left", ""),
    "only_right": ("Only on the right", ""),
    "same_content": ("Same content, other id", ""),
    "same_content_other_vectors": ("Same payload, other id and vectors", ""),
}
_SORTS: Final = {
    "different": "Documents that differ",
    "only_left": "Documents only on the left",
    "only_right": "Documents only on the right",
}


@dataclass(frozen=True, slots=True)
class CountView:
    """A count with its share of all documents that were read, in percent."""

    title: str
    remark: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """A document's id, and the address of its page; empty if there is none."""

    id: str
    href: str


@dataclass(frozen=True, slots=True)
class Example:
    """A document that differs or that one side lacks, and the fields that differ."""

    left: DocumentLink | None
    right: DocumentLink | None
    names: tuple[str, ...]

    @property
    def documents(self) -> list[tuple[str, DocumentLink]]:
        """The documents with the words of their sides."""
        sides = (("Left", self.left), ("Right", self.right))
        return [(word, link) for word, link in sides if link is not None]


@dataclass(frozen=True, slots=True)
class ResultView:
    """A result in words, counts with bars, names, and examples by their sort."""

    state: Badge
    sentence: str
    counts: tuple[CountView, ...]
    paths: list[Json]
    vectors: list[Json]
    examples: tuple[tuple[str, tuple[Example, ...]], ...]
    digests: Json
    notes: list[str]
    related: str
    began_at: datetime
    ended_at: datetime


def badge_of(row: Comparison, job: Job | None) -> Badge:
    """Return the state of a comparison: by its row once it has ended, else its job.

    A job that was resumed runs again although its row tells how it failed before.
    """
    if job is not None and job.is_live and not row.result:
        return job_badge(job)
    if row.ended_at is not None:
        if row.was_cancelled:
            return JOBS["cancelled"]
        if row.is_equal is None:
            return JOBS["failed"]
        return COMPARED[_verdict(row)]
    return job_badge(job) if job else UNKNOWN


def _verdict(row: Comparison) -> str:
    if not row.is_equal:
        return "different"
    return "equal" if row.mode == Mode.FULL else "sample"


def result_view(row: Comparison) -> ResultView:
    """Return the result of a comparison as it is drawn."""
    result: Json = row.result
    is_full = row.mode == Mode.FULL
    counts: Json = result["counts"]
    return ResultView(
        state=COMPARED[_verdict(row)],
        sentence=_sentence(counts, is_full=is_full),
        counts=tuple(_counts(counts)),
        paths=result["paths"],
        vectors=result["vectors"],
        examples=tuple(
            (title, tuple(_example(row, one) for one in result["examples"][sort]))
            for sort, title in _SORTS.items()
            if result["examples"].get(sort)
        ),
        digests=result["digests"],
        notes=result["notes"],
        related=result["related"],
        began_at=datetime.fromisoformat(result["began_at"]),
        ended_at=datetime.fromisoformat(result["ended_at"]),
    )


def _sentence(counts: Json, *, is_full: bool) -> str:
    left, right = (
        many(counts[side], "document") for side in ("read_left", "read_right")
    )
    if is_full:
        return f"Everything was read: {left} on the left, {right} on the right."
    return (
        "A random sample of both sides with its counterparts: "
        f"{left} on the left, {right} on the right."
    )


def _counts(counts: Json) -> list[CountView]:
    again = counts["same_content"] + counts["same_content_other_vectors"]
    whole = counts["both"] + counts["only_left"] + counts["only_right"] + again
    return [
        CountView(title, remark, counts[key], 100 * counts[key] / (whole or 1))
        for key, (title, remark) in _COUNTS.items()
        if counts[key] or key in ("equal", "only_left", "only_right")
    ]


def _example(row: Comparison, example: Json) -> Example:
    return Example(
        left=_link(row.left_id, example.get("left")),
        right=_link(row.right_id, example.get("right")),
        names=(*example.get("paths", ()), *example.get("vectors", ())),
    )


def _link(namespace_id: str, point_id: int | str | None) -> DocumentLink | None:
    if point_id is None:
        return None
    name = str(point_id)
    return DocumentLink(name, reverse("document", args=[namespace_id, name]))
