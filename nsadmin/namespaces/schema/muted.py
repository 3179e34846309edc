"""The fields that get no automatic index, as the document lists them. Pure."""

from typing import Any

from nsadmin.namespaces.schema.document import Raw
from nsadmin.namespaces.schema.limits import FIELD_NAME_MAX

_KEY = "muted_auto_indexes"
# Other programs may write the list; so many fields are read.
_MOST = 1000


def muted_fields(raw: Raw) -> tuple[str, ...]:
    """Return the muted fields, each once; entries that are no name are skipped."""
    listed = raw.get(_KEY)
    if not isinstance(listed, list):
        return ()
    fields = (
        entry
        for entry in listed
        if isinstance(entry, str) and 0 < len(entry) <= FIELD_NAME_MAX
    )
    return tuple(dict.fromkeys(fields))[:_MOST]


def muting(raw: Raw, field: str) -> Raw:
    """Return the document with the field muted; what else the list has is kept."""
    listed = _entries(raw)
    return raw if field in listed else {**raw, _KEY: [*listed, field]}


def unmuting(raw: Raw, field: str) -> Raw:
    """Return the document with the field not muted."""
    listed = _entries(raw)
    if field not in listed:
        return raw
    return {**raw, _KEY: [entry for entry in listed if entry != field]}


def _entries(raw: Raw) -> list[Any]:
    listed = raw.get(_KEY)
    return listed if isinstance(listed, list) else []
