"""The API itself: its routers, its document, its one way in."""

from typing import Any

from ninja import NinjaAPI
from ninja.operation import Operation

from nsadmin.api.endpoints import (
    analytics,
    clones,
    creation,  # noqa: F401 - adds to the router of namespaces, as these do
    deletion,  # noqa: F401
    expiry,  # noqa: F401
    extractors,
    indexes,  # noqa: F401
    namespaces,
    stats,
    tasks,
    templates,
)
from nsadmin.api.http import errors
from nsadmin.api.http.auth import BearerKey

_ABOUT = """Namespaces of the platform: read, change, clone, delete.

Send `Authorization: Bearer sk_…` with every request. Errors have one shape.

A change can be looked at first with `?dry_run=true`, and tied to what was seen by
`If-Match` or `?plan_digest=`.
"""


# In the order in which the page of the API shows them.
_TAGS = [
    {
        "name": "Namespaces",
        "description": "Make, read, list, change, clone and delete them.",
    },
    {"name": "Tasks", "description": "Work that goes on after its answer."},
    {"name": "Feature extractors", "description": "What brings vectors."},
    {
        "name": "Namespace templates",
        "description": "Configurations to make namespaces from.",
    },
    {
        "name": "Index analytics",
        "description": "Which fields are filtered, and which indexes that asks for.",
    },
]

# In this order in the document; what is no placeholder goes first.
_NOUNS = (
    stats,
    namespaces,
    clones,
    tasks,
    extractors,
    templates,
    analytics,
)


class _Api(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The function's name, which is unique here."""
        return operation.view_func.__name__


def build() -> NinjaAPI:
    """Return the API with every router mounted."""
    built: Any = _Api(
        title="nsadmin",
        version="1",
        description=_ABOUT,
        openapi_extra={"tags": _TAGS},
        openapi_url=None,
        docs_url=None,
        auth=BearerKey(),
        urls_namespace="api",
    )
    errors.install(built)
    for noun in _NOUNS:
        built.add_router("", noun.router)
    return built  # type: ignore[no-any-return]


api = build()
