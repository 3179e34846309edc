"""The proof that a clone is complete and exact; only then it is shown as ready.

The source may be written while it is copied. A pass that had to mend something, or
after which the source has more than the clone, is followed by another one, three in
all. What the source still changed then is said in the result; what the clone holds has
been read back and compared in any case.
"""

from typing import Any, Final

from nsadmin.clones.copy import collection, documents
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.verify import verification_pass
from nsadmin.clones.verify.verification_pass import Pass, verification_error
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import collections, points

Json = dict[str, Any]

MOST_PASSES: Final = 3
_TITLES: Final = {
    "buckets": "Buckets",
    "objects": "Objects",
    "collections": "Collections",
    "retrievers": "Retrievers",
    "taxonomies": "Taxonomies",
    "points": "Documents (points in Qdrant)",
}


def verify(c: CopyContext) -> None:
    """Compare until a pass finds nothing; leave proof and counts in the outputs."""
    this = Pass(**c.work.cursor.get("proof") or {})
    while True:
        _begin(c, this)
        verification_pass.run_pass(c, this)
        again = this.mended > 0 or _is_behind(c, this)
        if not again or this.number >= MOST_PASSES:
            break
        c.work.note(f"{this.mended:,} differences mended; comparing once more.", "warn")
        this = Pass(number=this.number + 1)
    clone = _clone_counts(c)
    changed = again or any(this.seen.get(k, 0) != n for k, n in clone.items())
    c.work.outputs.update(
        cloned_resources={**_NOTHING, **clone},
        proof=_proof(c, this, clone),
        source_changed=changed,
    )
    if changed:
        said = "The source was changed while it was copied; the proof has the numbers."
        c.work.note(said, "warn")
    else:
        c.work.note("Compared with the source: complete and exact.", "ok")


_NOTHING: Final = dict.fromkeys(_TITLES, 0)


def _begin(c: CopyContext, this: Pass) -> None:
    """Know what to expect; resources that are new since the start get ids now."""
    if not this.finished and not this.after:
        c.learn_ids()
    parts = documents.kinds(c)
    total = sum(resources.count(kind, c.source.namespace_id) for kind in parts)
    c.work.progress.begin("verify", total=total + _source_points(c))
    c.work.progress.advance("verify", done=this.checked)


def _source_points(c: CopyContext) -> int:
    if not c.include.collections:
        return 0
    if c.source_collection() is None:
        return 0
    return points.count(c.source_cluster, c.source.collection)


def _clone_counts(c: CopyContext) -> dict[str, int]:
    """Count the clone exactly, kind by kind."""
    namespace_id = c.target.namespace_id
    counts: dict[str, int] = {
        kind: resources.count(kind, namespace_id) for kind in documents.kinds(c)
    }
    if c.include.collections:
        counts["points"] = points.count(c.target_cluster, c.target.collection)
    return counts


def _is_behind(c: CopyContext, this: Pass) -> bool:
    """Tell whether the source has got something that the pass has not seen."""
    source = c.source.namespace_id
    if any(
        resources.count(kind, source) > this.seen.get(kind, 0)
        for kind in documents.kinds(c)
    ):
        return True
    return _source_points(c) - this.foreign > this.seen.get("points", 0)


def _proof(c: CopyContext, this: Pass, clone: dict[str, int]) -> list[Json]:
    """Return what was compared; raise where shape or vectors are not the same."""
    rows = [_row(_TITLES[part], this.seen.get(part, 0), n) for part, n in clone.items()]
    rows += _shape_rows(c)
    if c.include.collections:
        rows += _vector_rows(c, this, exact=clone["points"] == this.seen.get("points"))
        rows.append(
            _row(
                "Digest of ids, payloads and vectors",
                this.source_digest,
                this.clone_digest,
            )
        )
        if this.source_digest != this.clone_digest:
            raise verification_error("the digests of the contents differ.")
    rows.append(_row("References to the source in the clone", 0, 0))
    return rows


def _row(what: str, source: int | str, clone: int | str) -> Json:
    return {"what": what, "source": source, "clone": clone, "equal": source == clone}


def _shape_rows(c: CopyContext) -> list[Json]:
    source = c.source_collection()
    clone = collections.get(c.target_cluster, c.target.collection)
    if clone is None:
        raise verification_error("the clone has no collection.")
    if source is None:
        return []
    wrong = collection.differences(source, clone)
    if wrong:
        raise verification_error(f"the collections differ in {', '.join(wrong[:5])}.")
    shared = len(set(source.indexes) & set(clone.indexes))
    return [
        _row("Vectors with size and distance", len(source.vectors), len(clone.vectors)),
        _row("Payload indexes of the source", len(source.indexes), shared),
    ]


def _vector_rows(c: CopyContext, this: Pass, *, exact: bool) -> list[Json]:
    """Compare how many points have each vector; some lack some."""
    rows = []
    for name, n in sorted(this.vectors.items()):
        where = {"must": [{"has_vector": name}]}
        clone = points.count(c.target_cluster, c.target.collection, where=where)
        if exact and clone != n:
            raise verification_error(
                f"vector {name} is there {clone:,} times instead of {n:,}."
            )
        rows.append(_row(f"Points with {name or 'the vector'}", n, clone))
    return rows
