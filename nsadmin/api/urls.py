"""The addresses of the JSON door, each declared: what it does and who may.

A path carries the operations of several methods; `declarations` has them one by one.
"""

from typing import Any

from django.urls import URLPattern, include, path
from django.urls.resolvers import URLResolver
from ninja.operation import PathView

from nsadmin.access.web.gate import RouteAccess
from nsadmin.api import docs_page
from nsadmin.api.api import api


def declared_by(view: PathView) -> dict[str, RouteAccess]:
    """Return {method: declaration} of a path; an operation without one cannot load."""
    found: dict[str, RouteAccess] = {}
    for operation in view.operations:
        declared = getattr(operation.view_func, "declared", None)
        if declared is None:
            name = operation.view_func.__name__
            message = f"{name} has no @operation(Action.…) below its route."
            raise TypeError(message)
        found |= dict.fromkeys(operation.methods, declared)
    return found


def _paths() -> list[URLPattern | URLResolver]:
    """Return the framework's patterns, each view marked with its declarations."""
    by_name = {
        operation.view_func.__name__: view
        for _, router in api._routers  # noqa: SLF001 - there is no public way to ask
        for view in router.path_operations.values()
        for operation in view.operations
    }
    found: list[URLPattern | URLResolver] = []
    for pattern in api.urls[0]:
        if not isinstance(pattern, URLPattern) or pattern.name not in by_name:
            continue  # the framework's own root, which answers nothing
        view: Any = pattern.callback
        view.declarations = declared_by(by_name[pattern.name])
        writes = any(d.effect == "write" for d in view.declarations.values())
        view.declared = RouteAccess(None, "write" if writes else "read", "api")
        found.append(pattern)
    return found


urlpatterns = [
    path("v1/docs", docs_page.page, name="api_docs"),
    path("v1/openapi.json", docs_page.document, name="api_document"),
    path("v1/", include((_paths(), "api"))),
]
