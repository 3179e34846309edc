"""The result of a comparison of documents, as it is kept and downloaded. Pure."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from nsadmin.comparison.documents.findings import MOST_LOOSE, Findings, matched
from nsadmin.names import storable

Json = dict[str, Any]

COLUMNS: Final = ("part", "name", "left", "right", "count")
_COUNTS: Final = (
    "read_left",
    "read_right",
    "both",
    "equal",
    "different",
    "payload",
    "vectors",
    "only_left",
    "only_right",
    "same_content",
    "same_content_other_vectors",
    "by_document_id",
)
_CROWDED: Final = (
    f"Over {MOST_LOOSE:,} documents in a range of ids are on one side only, so they "
    "were not looked for under other ids."
)


def result_of(
    findings: Findings, *, is_full: bool, notes: list[str], **facts: Any
) -> Json:
    """Return the result with counts, names and examples; `facts` are added as they are.

    Documents that have the same content under different ids count neither as only left
    nor as only right.
    """
    found = matched(findings) if is_full else None
    again = found.same + found.other_vectors if found else 0
    counts = {name: findings.counts[name] for name in _COUNTS}
    counts["equal"] = counts["both"] - counts["different"]
    counts["only_left"] -= again
    counts["only_right"] -= again
    if found:
        counts["same_content"] = found.same
        counts["same_content_other_vectors"] = found.other_vectors
    unlike = ("different", "only_left", "only_right", "same_content_other_vectors")
    made = {
        "is_equal": not any(counts[name] for name in unlike),
        "counts": counts,
        "paths": _ranked(findings.paths),
        "vectors": _ranked(findings.names),
        "examples": {
            sort: [
                _shown(e) for e in some if not found or e.get("key") not in found.keys
            ]
            for sort, some in findings.examples.items()
        },
        "digests": findings.digests,
        "notes": [*notes, *([_CROWDED] if is_full and findings.crowded else [])],
        **facts,
    }
    stored: Json = storable(made)
    return stored


def _ranked(counts: Counter[str]) -> list[Json]:
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return [{"name": name, "count": count} for name, count in ordered]


def _shown(example: Json) -> Json:
    return {name: value for name, value in example.items() if name != "key"}


def lines(result: Json) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table with COLUMNS: counts, fields, vectors, examples."""
    for name, count in result.get("counts", {}).items():
        yield "count", name, "", "", count
    for part, key in (("field", "paths"), ("vector", "vectors")):
        for entry in result.get(key, []):
            yield part, entry["name"], "", "", entry["count"]
    for sort, some in result.get("examples", {}).items():
        for example in some:
            names = [*example.get("paths", []), *example.get("vectors", [])]
            left, right = example.get("left", ""), example.get("right", "")
            yield f"example {sort}", ", ".join(names), left, right, ""
    for side, digest in result.get("digests", {}).items():
        yield "digest", side, "", "", digest
