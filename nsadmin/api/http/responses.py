"""JSON responses, all written the same way: UTC with a Z, null for unknown."""

from collections.abc import Sequence
from typing import Any

import orjson
from django.http import HttpResponse
from pydantic import BaseModel

_OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def dumped(model: BaseModel) -> dict[str, Any]:
    """Return a model as a dict; a field that was not set is absent.

    Nothing is checked: what another writer left in an odd shape is shown as it is.
    """
    return model.model_dump(exclude_unset=True, warnings=False)


def json_response(
    answer: BaseModel | Sequence[BaseModel],
    *,
    revision: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return models as JSON; with a revision, its ETag."""
    if isinstance(answer, BaseModel):
        response = raw_json_response(dumped(answer), status=status)
    else:
        response = raw_json_response([dumped(model) for model in answer], status=status)
    if revision is not None:
        response.headers["ETag"] = f'"r{revision}"'
    return response


def raw_json_response(data: Any, *, status: int = 200) -> HttpResponse:
    """Return data as JSON that no model describes, such as the OpenAPI document."""
    return HttpResponse(
        orjson.dumps(data, default=str, option=_OPTIONS),
        content_type="application/json",
        status=status,
    )
