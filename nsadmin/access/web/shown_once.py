"""Secrets on their way from a form to the page that shows them once.

A form answers with a redirect, so that a reload does not send it again. Meanwhile its
secret waits in the session, encrypted.
"""

from django.http import HttpRequest

from nsadmin.stores.seal import Binding, Secret, seal, unseal

_SESSION_KEY = "shown_once"


def keep(request: HttpRequest, what: str, secret: str) -> None:
    """Keep a secret until the page of `what` is shown; another one is forgotten."""
    sealed = seal(Secret(secret), _binding(what))
    request.session[_SESSION_KEY] = {"what": what, "sealed": sealed}


def take(request: HttpRequest, what: str) -> str | None:
    """Return the secret of `what` and forget it; None if it was shown already."""
    kept = request.session.get(_SESSION_KEY)
    if not kept or kept["what"] != what:
        return None
    del request.session[_SESSION_KEY]
    return unseal(kept["sealed"], _binding(what)).reveal()


def _binding(what: str) -> Binding:
    return Binding("", "", "shown_once", what)
