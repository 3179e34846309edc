"""The NinjaAPI object: its routers, its key check, the head of its document."""

from typing import Any

from ninja import NinjaAPI
from ninja.operation import Operation

from nsadmin.api.endpoints import (
    analytics,
    clones,
    creation,  # noqa: F401 - adds to the router of namespaces, as these do
    deletion,  # noqa: F401
    documents,
    expiry,  # noqa: F401
    extractors,
    indexes,  # noqa: F401
    namespaces,
    plans,  # noqa: F401
    reprocessing,
    stats,
    tasks,
    templates,
)
from nsadmin.api.endpoints.automation import (
    audit,
    configuration,  # noqa: F401 - adds to the router of namespaces
)
from nsadmin.api.endpoints.several import bulk, saved_views
from nsadmin.api.http import errors
from nsadmin.api.http.auth import BearerKey

_ABOUT = """Namespaces of the platform: read, change, clone, delete.

Send `Authorization: Bearer sk_…` with every request. Errors have one shape.

Preview a change with `?dry_run=true`. Its plan is kept for seven days: confirm it by
its `plan_id`, or let another person do so on its page, `plan_url`. Send `If-Match` or
`?plan_digest=` to make a change only if the namespace or the plan is still the one that
you saw.
"""


# In the order in which the page of the API shows them.
_TAGS = [
    {
        "name": "Namespaces",
        "description": "Create, read, list, change, clone and delete them.",
    },
    {"name": "Tasks", "description": "Work that continues after the response."},
    {
        "name": "Several namespaces",
        "description": "One change for several namespaces: planned, then confirmed.",
    },
    {
        "name": "Saved views",
        "description": "The lists of namespaces that a person keeps by name.",
    },
    {
        "name": "Documents",
        "description": "What is in a namespace: list, filter and read its documents.",
    },
    {"name": "Feature extractors", "description": "They add vectors to a namespace."},
    {
        "name": "Processing again",
        "description": "Vectors of an appended extractor for existing documents.",
    },
    {
        "name": "Namespace templates",
        "description": "Configurations to create namespaces from.",
    },
    {
        "name": "Index analytics",
        "description": "Which fields are filtered, and which indexes they need.",
    },
    {
        "name": "Audit",
        "description": "What was done in your organization, for a collector of logs.",
    },
]

# In the order of the document; a path without a placeholder goes first.
_MODULES = (
    stats,
    namespaces,
    clones,
    tasks,
    bulk,
    saved_views,
    documents,
    extractors,
    reprocessing,
    templates,
    analytics,
    audit,
)


class _Api(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return the name of the handler, which is unique in this API."""
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
    for module in _MODULES:
        built.add_router("", module.router)
    return built  # type: ignore[no-any-return]


api = build()
