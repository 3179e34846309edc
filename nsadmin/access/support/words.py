"""What was looked at, in words for the organization's audit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nsadmin.names import clip

VIEWED: Final = "support:view"
OPENED: Final = "support:open"
LOOKS: Final = (VIEWED, OPENED)

# {name of a page's route: what it shows}; others are named by their route.
PAGES: Final[Mapping[str, str]] = {
    "home": "the list of namespaces",
    "namespaces": "the list of namespaces",
    "deleted": "the deleted namespaces",
    "tombstone": "the deletion",
    "due": "the namespaces that are due",
    "overview": "the overview",
    "health": "the health",
    "settings": "the settings",
    "expiry": "the expiry",
    "extractors": "the extractors",
    "indexes": "the payload indexes",
    "advice": "the index advice",
    "tier": "the tier",
    "move_back": "the way back of a move",
    "drift": "the drift",
    "repair": "the repair",
    "clone": "the clone form",
    "delete": "the deletion form",
    "protection": "the protection",
    "config": "the configuration",
    "audit": "the audit",
    "revert": "the revert of a change",
    "documents": "the documents",
    "resources": "the resources",
    "map": "the map of resources",
    "comparison": "a comparison",
    "jobs": "the jobs",
    "job": "a job",
    "templates": "the templates",
    "template": "a template",
    "organization": "the members",
    "organization_member": "a member",
    "organization_keys": "the API keys",
    "organization_plan": "the subscription",
    "organization_audit": "the audit of the organization",
    "organization_support": "the support sessions",
    "search": "the search",
}
_THINGS: Final[Mapping[str, str]] = {
    "job_id": "job",
    "task_id": "job",
    "template_id": "template",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One answered request: its route, what its address names, its namespace."""

    door: str
    method: str
    path: str
    route: str
    names: Mapping[str, str]
    namespace: str


def action_of(visit: Visit) -> str:
    """Return the audit's action: a document that was opened, or else a view."""
    return OPENED if "document_id" in visit.names else VIEWED


def sentence_of(visit: Visit) -> str:
    """Return one sentence, such as “Support viewed the overview of namespace films”."""
    of_namespace = f" of namespace {visit.namespace}" if visit.namespace else ""
    by_api = f" ({visit.method} {visit.path})" if visit.door == "api" else ""
    if "document_id" in visit.names:
        document = clip(visit.names["document_id"], 100)
        return clip(f"Support opened document {document}{of_namespace}{by_api}.", 500)
    if visit.route.startswith("search"):
        return clip(f"Support searched{by_api}.", 500)
    if visit.door == "api":
        what = f"namespace {visit.namespace}" if visit.namespace else "data"
        return clip(f"Support viewed {what} through the API{by_api}.", 500)
    page = PAGES.get(visit.route) or f"the page “{visit.route.replace('_', ' ')}”"
    for name, word in _THINGS.items():
        if name in visit.names:
            page = f"{word} {visit.names[name]}"
    return clip(f"Support viewed {page}{of_namespace}.", 500)
