"""Points that name another namespace in their payload.

A clone has every point of the source's collection, so such points are copied as they
are. Into another organization they are not taken along: they stand against the clone,
unless a platform admin said that they are left out.
"""

from typing import Any, Final

from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.rewrite.payload import names_another
from nsadmin.errors import Conflict, NsadminError
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import points

Point = dict[str, Any]

CODE: Final = "foreign_points"
_FIELDS: Final = ("namespace_id", "_internal.namespace_id")


def refusal(found: str) -> Conflict:
    """Return the error of a clone that such points stand against."""
    return Conflict(
        f"{found} another namespace in the payload, so a clone in another organization "
        "would get data of that namespace. A platform admin can have such points left "
        "out of the clone.",
        code=CODE,
    )


def is_foreign(context: CopyContext, point: Point) -> bool:
    """Tell whether a point names another namespace than the source."""
    return names_another(point.get("payload") or {}, context.source.namespace_id)


def copied_points(context: CopyContext, rows: list[Point]) -> list[Point]:
    """Return the points of a page that the clone gets.

    Raises Conflict for a point that stands against the clone.
    """
    if context.tenant is None:
        return rows
    kept = [point for point in rows if not is_foreign(context, point)]
    if len(kept) < len(rows) and not context.job.inputs.get("leave_out_foreign_points"):
        first = next(point for point in rows if is_foreign(context, point))
        raise refusal(f"Point {first['id']} of the source names")
    return kept


def count_in(source: Namespace) -> int | None:
    """Count such points exactly; None if Qdrant is silent or does not allow it."""
    where = {
        "should": [
            {
                "must_not": [
                    {"is_empty": {"key": field}},
                    {"key": field, "match": {"any": [source.namespace_id, ""]}},
                ]
            }
            for field in _FIELDS
        ]
    }
    try:
        return points.count(cluster_of(source), source.collection, where=where)
    except NsadminError:
        return None
