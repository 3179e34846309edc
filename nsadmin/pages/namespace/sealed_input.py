"""Takes a typed key out of a form before anything else sees the form."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from pydantic import SecretStr

from nsadmin.namespaces.placement import sealed_input

KEY, HELD = "qdrant_api_key", "key_held"
View = TypeVar("View", bound=Callable[..., Any])


def keep_secret(view: View) -> View:
    """Seal the key that is posted; stands outside the gate, so that no later page,
    not even one that asks for a password, carries it along in plain."""

    @wraps(view)
    def holding(
        request: HttpRequest, namespace_id: str, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        if request.method == "POST" and request.POST.get(KEY):
            fields = request.POST.copy()
            key = str(fields[KEY])
            fields[KEY] = ""
            fields[HELD] = sealed_input.seal(
                key,
                session=_session(request),
                namespace_id=namespace_id,
                url=str(fields.get("qdrant_url", "")),
            )
            request.POST = fields  # type: ignore[assignment]
        response: HttpResponseBase = view(request, namespace_id, *args, **kwargs)
        return response

    return holding  # type: ignore[return-value]


def kept_secret(request: HttpRequest, namespace_id: str) -> SecretStr | None:
    """Return the key that the form holds for the address it names."""
    return sealed_input.unseal(
        request.POST.get(HELD, ""),
        session=_session(request),
        namespace_id=namespace_id,
        url=request.POST.get("qdrant_url", ""),
    )


def _session(request: HttpRequest) -> str:
    return request.session.session_key or ""
