"""JSON answers, written the same way everywhere: UTC with a Z, null for unknown."""

from typing import Any

import orjson
from django.http import HttpResponse

_OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def json_response(
    data: Any, *, revision: int | None = None, status: int = 200
) -> HttpResponse:
    """Return data as JSON; with a revision, its ETag."""
    response = HttpResponse(
        orjson.dumps(data, default=str, option=_OPTIONS),
        content_type="application/json",
        status=status,
    )
    if revision is not None:
        response.headers["ETag"] = f'"r{revision}"'
    return response
