"""The URLs of the API, each with the access that its operations declare.

A path has operations of several methods; `declarations` maps each method to its access.
"""

from typing import Any

from django.urls import URLPattern, include, path
from django.urls.resolvers import URLResolver
from ninja.operation import PathView

from nsadmin.access.web.gate import RouteAccess
from nsadmin.api import docs_page
from nsadmin.api.api import api


def declared_by(view: PathView) -> dict[str, RouteAccess]:
    """Return the access by method; raise TypeError for an operation without one."""
    by_method: dict[str, RouteAccess] = {}
    for operation in view.operations:
        declared = getattr(operation.view_func, "declared", None)
        if declared is None:
            name = operation.view_func.__name__
            message = f"{name} has no @operation(Action.…) below its route."
            raise TypeError(message)
        by_method |= dict.fromkeys(operation.methods, declared)
    return by_method


def _paths() -> list[URLPattern | URLResolver]:
    """Return the framework's URL patterns, each view marked with its access."""
    by_name = {
        operation.view_func.__name__: view
        for _, router in api._routers  # noqa: SLF001 - there is no public way to ask
        for view in router.path_operations.values()
        for operation in view.operations
    }
    patterns: list[URLPattern | URLResolver] = []
    for pattern in api.urls[0]:
        if not isinstance(pattern, URLPattern) or pattern.name not in by_name:
            continue  # the root of the framework, which has no operation
        view: Any = pattern.callback
        view.declarations = declared_by(by_name[pattern.name])
        writes = any(d.effect == "write" for d in view.declarations.values())
        view.declared = RouteAccess(None, "write" if writes else "read", "api")
        patterns.append(pattern)
    return patterns


urlpatterns = [
    path("v1/docs", docs_page.page, name="api_docs"),
    path("v1/openapi.json", docs_page.document, name="api_document"),
    path("v1/", include((_paths(), "api"))),
]
