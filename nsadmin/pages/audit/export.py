"""Audit events as a CSV stream whose cells no spreadsheet takes for formulas."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse

from nsadmin.access.actor import Actor
from nsadmin.audit.models import AuditEvent
from nsadmin.audit.search import AuditRows
from nsadmin.pages.audit.addresses import address_of

MAX_ROWS = 50_000
COLUMNS = (
    "at",
    "closed_at",
    "outcome",
    "action",
    "namespace_id",
    "namespace_name",
    "revision",
    "summary",
    "changes",
    "actor_kind",
    "actor_id",
    "actor_label",
    "request_id",
    "client_address",
    "op_id",
    "reverts",
    "support_session",
    "error",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Line:
    """A file-like object whose `write` returns the line, for the CSV writer."""

    def write(self, line: str) -> str:
        return line


def export_response(rows: AuditRows, name: str, actor: Actor) -> StreamingHttpResponse:
    """Return the newest rows as an attachment, at most `MAX_ROWS`.

    Addresses of senders are in it where the actor may see them.
    """
    safe = "".join(c if c.isalnum() and c.isascii() else "-" for c in name).strip("-")
    return StreamingHttpResponse(
        _lines(rows, actor),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="audit-{safe or "log"}.csv"'
        },
    )


def _lines(rows: AuditRows, actor: Actor) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for event in rows[:MAX_ROWS].iterator(chunk_size=500):
        yield writer.writerow([cell(_value(event, name, actor)) for name in COLUMNS])


def _value(event: AuditEvent, column: str, actor: Actor) -> Any:
    if column == "client_address":
        return address_of(actor, event)
    return getattr(event, column)


def cell(value: Any) -> str:
    """Return a value as text, quoted where a spreadsheet would see a formula."""
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
