"""Encrypting an entered key before any other code reads the form."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from pydantic import SecretStr

from nsadmin.namespaces.placement import sealed_input
from nsadmin.pages.common.forms.placement import PlacementForm

KEY, HELD = "qdrant_api_key", "key_held"
# Stands for the id of a namespace that does not exist yet.
NEW = ""
View = TypeVar("View", bound=Callable[..., Any])


def keep_secret(view: View) -> View:
    """Encrypt the key in the submitted form.

    This wraps the gate, so that no page, such as the one that asks for the password,
    ever contains the key in plain text. The form is that of the namespace in the
    address; without one, of a namespace that does not exist yet.
    """

    @wraps(view)
    def holding(
        request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        if request.method == "POST" and request.POST.get(KEY):
            fields = request.POST.copy()
            key = str(fields[KEY])
            fields[KEY] = ""
            fields[HELD] = sealed_input.seal(
                key,
                session=_session(request),
                namespace_id=str(kwargs.get("namespace_id", NEW)),
                url=str(fields.get("qdrant_url", "")),
            )
            request.POST = fields  # type: ignore[assignment]
        response: HttpResponseBase = view(request, *args, **kwargs)
        return response

    return holding  # type: ignore[return-value]


def kept_secret(request: HttpRequest, namespace_id: str = NEW) -> SecretStr | None:
    """Return the key that the form carries for its address; None if expired."""
    return sealed_input.unseal(
        request.POST.get(HELD, ""),
        session=_session(request),
        namespace_id=namespace_id,
        url=request.POST.get("qdrant_url", ""),
    )


def hold_again(request: HttpRequest, form: PlacementForm, namespace_id: str) -> None:
    """Let a form that a plan has kept carry its key, sealed for this session."""
    sent = form.data
    if form.key is None or not isinstance(sent, QueryDict):
        return
    data = sent.copy()
    data[HELD] = sealed_input.seal(
        form.key.get_secret_value(),
        session=_session(request),
        namespace_id=namespace_id,
        url=str(data.get("qdrant_url", "")),
    )
    form.data = data


def _session(request: HttpRequest) -> str:
    return request.session.session_key or ""
