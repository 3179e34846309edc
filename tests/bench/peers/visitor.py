"""Requests as a server hands them on, without what Django's test client adds.

That one copies the context of every template, which would be timed as the page's.
"""

from collections.abc import Callable, Mapping
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.test import Client


def visitor(signed_in: Client) -> Callable[..., int]:
    """Return a function that asks for a path with the client's cookies: the status."""
    return asking(get_wsgi_application(), signed_in)


def asking(application: WSGIHandler, signed_in: Client) -> Callable[..., int]:
    """Return such a function for any application."""
    cookies = "; ".join(f"{k}={m.value}" for k, m in signed_in.cookies.items())

    def ask(path: str, headers: Mapping[str, str] | None = None) -> int:
        environ: dict[str, Any] = {"HTTP_HOST": "testserver", "HTTP_COOKIE": cookies}
        environ["REMOTE_ADDR"] = "127.0.0.1"  # a session keeps it
        environ["PATH_INFO"], _, environ["QUERY_STRING"] = path.partition("?")
        for name, value in (headers or {}).items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        setup_testing_defaults(environ)
        said: list[str] = []
        answer = application(environ, lambda status, *_: said.append(status))
        b"".join(answer)
        answer.close()
        return int(said[0].split()[0])

    return ask
