"""Two events and their chain as the release before `client_address` wrote them.

The hashes are those of its program; nothing here computes one.
"""

from typing import Any, Final

from django.db import connection

PEPPER: Final = "a pepper of the release before, long enough"
ORGANIZATION: Final = "org_before"
_CLOSED, _OPEN = "op_closed", "op_open"
_LAST: Final = "d9078f81c6bcb7c69baa2acb80d7973fdd67ca3d8c48d3ac623acb72cccbcf42"

_SAME: Final = {
    "action": "namespace:update",
    "actor_kind": "user",
    "actor_id": "7",
    "actor_label": "mara@northlight.example",
    "request_id": "req_0123456789abcdef0123",
    "organization_id": ORGANIZATION,
    "namespace_id": "ns_before",
    "namespace_name": "film archive",
    "error": "",
    "reverts": "",
    "support_session": "",
}
_EVENTS: Final[list[dict[str, Any]]] = [
    {
        **_SAME,
        "id": 1,
        "op_id": _CLOSED,
        "at": "2026-11-01 09:10:30.250000",
        "closed_at": "2026-11-01 09:10:30.250000",
        "outcome": "done",
        "summary": "Change the description.",
        "revision": 2,
        "changes": '[{"kind": "set_field", "field": "description", "before": null, '
        '"after": "n\\u00e9 \\ud83c\\udfac"}]',
    },
    {
        **_SAME,
        "id": 2,
        "op_id": _OPEN,
        "at": "2026-11-01 09:20:30.250000",
        "closed_at": None,
        "outcome": "attempted",
        "summary": "Rename it.",
        "revision": 3,
        "changes": "[]",
    },
]
_ENTRIES: Final = [
    {
        "op_id": _CLOSED,
        "content": "94ae7c68809924a7bd71b8e16df5604c718470a78fe387f1e0d40e98eff62fdb",
        "hash": "4d0f63c82934755e6a0182945032b345505cf86e820611cdfecab106a0fd3006",
    },
    {
        "op_id": _CLOSED,
        "content": "ff8d207f50712baedf9c7d25085d59a792235ec4d4a18b7426da5008f7d238a7",
        "hash": "a013a98de427ae43731ab1eca7a90eb10d0220c15ad4d45975b568c4c8d811cb",
    },
    {
        "op_id": _OPEN,
        "content": "d3d96c0e287713ac0ef9dedc77ce66f4690e6555540cf47e8eb263ab3bf00dce",
        "hash": _LAST,
    },
]


def plant() -> None:
    """Insert them in statements of that release, which do not know the column."""
    for event in _EVENTS:
        _insert("audit_auditevent", event)
    for number, entry in enumerate(_ENTRIES, start=1):
        row = {"organization_id": ORGANIZATION, "number": number, **entry}
        _insert("audit_chainentry", row)
    head = {"organization_id": ORGANIZATION, "number": len(_ENTRIES), "hash": _LAST}
    _insert("audit_chainhead", head)


def _insert(table: str, row: dict[str, Any]) -> None:
    columns, places = ", ".join(row), ", ".join(["%s"] * len(row))
    statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608 - ours
    with connection.cursor() as cursor:
        cursor.execute(statement, list(row.values()))
