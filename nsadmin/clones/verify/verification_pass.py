"""One pass of the proof: read source and clone side by side, mend what differs.

What differs is written again and read back; if it is still not the same, the proof has
failed. A pass that found nothing to mend has proven what it read.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Final

from nsadmin.clones.copy import documents, points
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.copy.points import Point
from nsadmin.clones.rewrite.references import references
from nsadmin.clones.verify import compare
from nsadmin.errors import Conflict
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.resources import Kind
from nsadmin.stores.qdrant import points as store

Document = dict[str, Any]

_EMPTY: Final = "0" * 32


@dataclass(slots=True)
class Pass:
    """What one pass has seen so far; it is kept in the cursor between slices."""

    number: int = 1
    finished: list[str] = field(default_factory=list)
    after: str = ""
    offset: int | str | None = None
    seen: dict[str, int] = field(default_factory=dict)
    vectors: dict[str, int] = field(default_factory=dict)
    foreign: int = 0
    mended: int = 0
    source_digest: str = _EMPTY
    clone_digest: str = _EMPTY

    @property
    def checked(self) -> int:
        """How many documents and points were compared."""
        return sum(self.seen.values())


def verification_error(sentence: str) -> Conflict:
    """The error for a clone that is not what it should be."""
    return Conflict(f"The proof failed: {sentence}", code="clone_unproven")


def run_pass(c: CopyContext, this: Pass) -> None:
    """Carry a pass to its end, or as far as the slice goes."""
    for kind in documents.kinds(c):
        if kind not in this.finished:
            _compare_kind(c, this, kind)
            _end_part(c, this, kind)
    if c.include.collections and "points" not in this.finished:
        _compare_points(c, this)
        _end_part(c, this, "points")


def _end_part(c: CopyContext, this: Pass, part: str) -> None:
    this.finished.append(part)
    this.after, this.offset = "", None
    _save(c, this)


def _save(c: CopyContext, this: Pass) -> None:
    c.work.progress.advance("verify", done=this.checked)
    c.save(proof=asdict(this))


# The namespace store ------------------------------------------------------------------


def _compare_kind(c: CopyContext, this: Pass, kind: Kind) -> None:
    for rows in documents.source_pages(c, kind, after=this.after):
        known = [row for row in rows if documents.is_known(c, kind, row)]
        wanted = {d["_id"]: d for d in (documents.mapped(c, kind, r) for r in known)}
        found = _clone_documents(c, kind, wanted)
        wrong = [d for own_id, d in wanted.items() if found.get(own_id) != d]
        if wrong:
            c.work.require_held()
            resources.put(kind, wrong)
            found = _clone_documents(c, kind, wanted)
            if any(found.get(d["_id"]) != d for d in wrong):
                raise verification_error(
                    f"{kind} do not come out as they were written."
                )
        _require_no_reference(c, kind, list(found.values()))
        this.mended += len(wrong)
        this.seen[kind] = this.seen.get(kind, 0) + len(wanted)
        this.after = rows[-1]["_id"]
        _save(c, this)


def _clone_documents(
    c: CopyContext, kind: Kind, wanted: dict[str, Document]
) -> dict[str, Document]:
    """Read the clone's side. Objects keep their order, so theirs is a stretch."""
    namespace_id = c.target.namespace_id
    if kind != "objects":
        every = resources.every(kind, namespace_id)
        return {d["_id"]: d for d in every if d["_id"] in wanted}
    first, last = min(wanted), max(wanted)
    found: dict[str, Document] = {}
    after = first[:-1]  # everything that begins like the first one follows this
    while rows := resources.page(kind, namespace_id, after=after):
        found.update((d["_id"], d) for d in rows if d["_id"] in wanted)
        after = rows[-1]["_id"]
        if after >= last:
            break
    return found


def _require_no_reference(c: CopyContext, what: str, rows: list[Document]) -> None:
    for row in rows:
        left = next(references(row, c.ids), None)
        if left is not None:
            raise verification_error(f"{what} still refer to the source ({left}).")


# Qdrant -------------------------------------------------------------------------------


def _compare_points(c: CopyContext, this: Pass) -> None:
    live = c.source_collection()
    if live is None:
        return
    size = points.page_size([vector.size for vector in live.vectors.values()])
    while True:
        rows, following = c.source_page(this.offset, size)
        own = points.own(c, rows)
        wanted = [points.mapped(c, point) for point in own]
        this.foreign += len(rows) - len(own)
        if wanted:
            _compare_page(c, this, wanted)
        if following is None:
            return
        this.offset = following
        _save(c, this)


def _compare_page(c: CopyContext, this: Pass, wanted: list[Point]) -> None:
    found = _stretch(c, wanted)
    wrong = [p for p in wanted if not compare.is_same(p, found.get(p["id"]))]
    if wrong:
        # The stretch may have been shifted by points that the source has no more.
        found |= _by_id(c, wrong)
        wrong = [p for p in wrong if not compare.is_same(p, found.get(p["id"]))]
    if wrong:
        c.work.require_held()
        store.put(c.target_cluster, c.target.collection, wrong)
        found |= _by_id(c, wrong)
        if not all(compare.is_same(p, found.get(p["id"])) for p in wrong):
            raise verification_error("points do not come out as they were written.")
    this.mended += len(wrong)
    payloads = [found[p["id"]].get("payload") or {} for p in wanted]
    _require_no_reference(c, "documents", payloads)
    _add(this, wanted, found)


def _add(this: Pass, wanted: list[Point], found: dict[int | str, Point]) -> None:
    """Count the page, its vectors, and both digests."""
    this.seen["points"] = this.seen.get("points", 0) + len(wanted)
    for point in wanted:
        names = point["vector"] if isinstance(point["vector"], dict) else ("",)
        for name in names:
            this.vectors[name] = this.vectors.get(name, 0) + 1
    numbers = [compare.digest(p) for p in wanted]
    # Equal within tolerance counts as equal; only what differs exactly is hashed.
    clone = [
        number
        if p["vector"] != found[p["id"]].get("vector")
        else compare.digest(points.as_point(found[p["id"]]))
        for p, number in zip(wanted, numbers, strict=True)
    ]
    this.source_digest = compare.added(this.source_digest, numbers)
    this.clone_digest = compare.added(this.clone_digest, clone)


def _stretch(c: CopyContext, wanted: list[Point]) -> dict[int | str, Point]:
    rows, _ = store.page(
        c.target_cluster,
        c.target.collection,
        offset=wanted[0]["id"],
        limit=len(wanted),
        with_vectors=True,
    )
    return {row["id"]: row for row in rows}


def _by_id(c: CopyContext, wanted: list[Point]) -> dict[int | str, Point]:
    rows, _ = store.page(
        c.target_cluster,
        c.target.collection,
        limit=len(wanted),
        with_vectors=True,
        where={"must": [{"has_id": [p["id"] for p in wanted]}]},
    )
    return {row["id"]: row for row in rows}
