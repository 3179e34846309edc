"""The report of a job as a file: JSON, or CSV whose cells are no formulas."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.errors import NotFound
from nsadmin.jobs import queries
from nsadmin.jobs.models import Job
from nsadmin.pages.audit.export import cell

_COLUMNS: Final = ("part", "what", "source", "target", "result")
_EVENT_COLUMNS: Final = ("at", "role", "event")
# The log of a job has no more.
_MOST_EVENTS: Final = 200


@gate.page(Action.JOB_READ)
@require_safe
def report(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """Return the report of a job, or its log, as an attachment."""
    row = queries.get(gate.actor_of(request), job_id)
    make = _FILES.get(request.GET.get("as", "json"))
    if make is None:
        raise NotFound("There is no such report.", details={"resource": "report"})
    return make(row)


def _json(row: Job) -> HttpResponseBase:
    return JsonResponse(
        report_of(row),
        json_dumps_params={"indent": 2},
        headers=_attached(f"job-{row.job_id}.json"),
    )


def report_of(row: Job) -> dict[str, Any]:
    """Return what the page of a job shows, for programs."""
    moments = ("created_at", "started_at", "resumed_at", "ended_at")
    return {
        "job_id": str(row.job_id),
        "kind": row.kind,
        "title": row.title,
        "state": row.state,
        "started_by": row.actor_label,
        "cancelled_by": row.cancelled_by or None,
        **{key: cell(getattr(row, key)) or None for key in moments},
        "namespace_id": row.namespace_id or None,
        "namespace_name": row.namespace_name or None,
        "source_namespace_id": row.source_namespace_id or None,
        "inputs": row.inputs,
        "error": row.error or None,
        "upstream": row.upstream or None,
        "reference": row.reference or None,
        "stages": (row.progress or {}).get("stages") or [],
        "outputs": row.outputs,
        "events": [
            {"at": event.at.isoformat(), "role": event.role, "event": event.sentence}
            for event in row.events.all()[:_MOST_EVENTS]
        ],
    }


def _csv(row: Job) -> HttpResponseBase:
    return _table(f"job-{row.job_id}.csv", _COLUMNS, _lines(row))


def _lines(row: Job) -> Iterator[tuple[object, ...]]:
    """Yield the proof, what was left out, and the stages."""
    outputs = row.outputs or {}
    yield ("job", row.title, row.source_namespace_id, row.namespace_id, row.state)
    for entry in _entries(outputs, "proof"):
        target = entry.get("clone", entry.get("target"))
        result = "equal" if entry.get("equal") else "different"
        yield ("proof", entry.get("what"), entry.get("source"), target, result)
    for sentence in outputs.get("dropped") or []:
        yield ("left out", sentence, "", "", "")
    for entry in _entries(outputs, "changed_paths"):
        yield ("new ids", entry.get("path"), "", entry.get("count"), "")
    for stage in _entries(row.progress or {}, "stages"):
        done, total = stage.get("done"), stage.get("total")
        yield ("stage", stage.get("title"), total, done, stage.get("state"))


def _entries(stored: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = stored.get(key)
    entries = found if isinstance(found, list) else []
    return [entry for entry in entries if isinstance(entry, dict)]


def _log(row: Job) -> HttpResponseBase:
    events = row.events.all()[:_MOST_EVENTS]
    lines = ((event.at, event.role, event.sentence) for event in events)
    return _table(f"job-{row.job_id}-events.csv", _EVENT_COLUMNS, lines)


def _table(
    name: str, columns: tuple[str, ...], lines: Iterator[tuple[object, ...]]
) -> HttpResponseBase:
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(columns)
    for line in lines:
        writer.writerow([cell(value) for value in line])
    return HttpResponse(
        made.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers=_attached(name),
    )


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


_FILES: Final[Mapping[str, Callable[[Job], HttpResponseBase]]] = {
    "json": _json,
    "csv": _csv,
    "events": _log,
}
