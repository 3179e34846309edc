"""JSON responses, all written the same way: UTC with a Z, null for unknown."""

from collections.abc import Sequence
from typing import Any

import orjson
from django.http import HttpResponse
from pydantic import BaseModel

from nsadmin.api.http.openapi import NDJSON

_OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def json_response(
    answer: BaseModel | Sequence[BaseModel],
    *,
    revision: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return models as JSON; with a revision, its ETag."""
    response = raw_json_response(answer, status=status)
    if revision is not None:
        response.headers["ETag"] = f'"r{revision}"'
    return response


def raw_json_response(data: Any, *, status: int = 200) -> HttpResponse:
    """Return data as JSON that no model describes, such as the OpenAPI document."""
    return HttpResponse(
        orjson.dumps(data, default=json_default, option=_OPTIONS),
        content_type="application/json",
        status=status,
    )


def ndjson_response(lines: Sequence[BaseModel]) -> HttpResponse:
    """Return models as JSON, one in each line."""
    options = _OPTIONS | orjson.OPT_APPEND_NEWLINE
    written = (orjson.dumps(o, default=json_default, option=options) for o in lines)
    return HttpResponse(b"".join(written), content_type=NDJSON)


def json_default(value: Any) -> Any:
    """Return a model as a dict of the fields that were set, any other value as text.

    A model's own dump would check the types again, and is slow for long lists.
    """
    if not isinstance(value, BaseModel):
        return str(value)
    present = value.model_fields_set | (value.model_extra or {}).keys()
    return {name: field for name, field in value if name in present}
