"""The facets of the entries of namespaces: how they are written, and mended."""

from typing import Final

from django.db import connections

from nsadmin.jobs.slices import slices
from nsadmin.trigrams.models import FACETS, Kind

# Their value, of a row of the mirror that a statement names ROW. It is written for
# PostgreSQL; `written` makes it SQLite's.
VALUES: Final = (
    f"CAST(json_build_array({', '.join(f'ROW.{c}' for c in FACETS[:-1])}, "
    f"CAST(ROW.{FACETS[-1]} AS text)) AS text)"
)
_OF_MIRROR = VALUES.replace("ROW.", "m.")
_DIFFERING = f"""
SELECT e.key FROM search_searchentry e
JOIN namespaces_mirrorednamespace m ON m.namespace_id = e.key
WHERE e.kind = {Kind.NAMESPACE.value}
AND (e.facets <> {_OF_MIRROR} OR e.expires_at IS DISTINCT FROM m.expires_at)
"""  # noqa: S608
_MENDED = f"""
UPDATE search_searchentry SET (facets, expires_at) =
(SELECT {_OF_MIRROR}, m.expires_at FROM namespaces_mirrorednamespace m
WHERE m.namespace_id = search_searchentry.key)
WHERE kind = {Kind.NAMESPACE.value} AND key IN (KEYS) AND EXISTS
(SELECT 1 FROM namespaces_mirrorednamespace m
WHERE m.namespace_id = search_searchentry.key)
"""  # noqa: S608


def written(statement: str, vendor: str) -> str:
    """Return a statement of PostgreSQL as the database `vendor` writes it."""
    if vendor != "sqlite":
        return statement
    named = statement.replace("json_build_array", "json_array")
    return named.replace("IS DISTINCT FROM", "IS NOT")


def mend(*, using: str = "default") -> int:
    """Write the facets of entries that missed a change; return how many did.

    They are read without a lock, and those that differ are written a few at a time.
    """
    connection = connections[using]
    mended = written(_MENDED, connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(written(_DIFFERING, connection.vendor))
        keys = [key for (key,) in cursor.fetchall()]
    for part in slices(keys):
        marks = ", ".join(["%s"] * len(part))
        with connection.cursor() as cursor:
            cursor.execute(mended.replace("KEYS", marks), part)
    return len(keys)
