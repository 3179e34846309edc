"""A result of a comparison as a file: JSON, or CSV without formulas."""

import csv
import io
from typing import Final

from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from nsadmin.comparison.documents.result import COLUMNS, lines
from nsadmin.comparison.models import Comparison
from nsadmin.pages.audit.export import cell

FORMATS: Final = ("json", "csv")


def response(row: Comparison, wanted: str) -> HttpResponseBase:
    """Return the result as an attachment in one of FORMATS."""
    name = f"comparison-{row.comparison_id}.{wanted}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if wanted == "csv":
        return HttpResponse(
            _csv(row), content_type="text/csv; charset=utf-8", headers=headers
        )
    return JsonResponse(_json(row), json_dumps_params={"indent": 2}, headers=headers)


def _json(row: Comparison) -> dict[str, object]:
    sides = {
        side: {"namespace_id": own_id, "namespace_name": name, "revision": revision}
        for side, own_id, name, revision in (
            ("left", row.left_id, row.left_name, row.left_revision),
            ("right", row.right_id, row.right_name, row.right_revision),
        )
    }
    return {
        "comparison_id": str(row.comparison_id),
        "started_at": row.created_at.isoformat(),
        "started_by": row.actor_label,
        **sides,
        **row.result,
    }


def _csv(row: Comparison) -> str:
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(COLUMNS)
    for side, own_id, name in (
        ("left", row.left_id, row.left_name),
        ("right", row.right_id, row.right_name),
    ):
        writer.writerow(
            [cell(value) for value in ("namespace", side, own_id, name, "")]
        )
    for line in lines(row.result):
        writer.writerow([cell(value) for value in line])
    return made.getvalue()
