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
    "process_again": "a request to process again",
    "indexes": "the payload indexes",
    "advice": "the index advice",
    "tier": "the tier",
    "move_back": "the form to move back",
    "drift": "the drift",
    "repair": "the repair",
    "clone": "the clone form",
    "delete": "the deletion form",
    "protection": "the protection",
    "config": "the configuration",
    "plan": "a plan",
    "open_plans": "the open plans",
    "organization_plans": "the open plans",
    "discard_plan": "a plan",
    "new_plan": "the plan of a new namespace",
    "audit": "the audit",
    "revert": "the revert of a change",
    "documents": "the documents",
    "documents_export": "an export of documents",
    "resources": "the resources",
    "resource_list": "the resources",
    "resource": "a resource",
    "resource_map": "the map of resources",
    "compare": "a comparison of settings",
    "comparison": "a comparison of documents",
    "jobs": "the jobs",
    "job": "a job",
    "job_report": "the report of a job",
    "templates": "the templates",
    "template": "a template",
    "organization": "the members",
    "organization_member": "a member",
    "organization_keys": "the API keys",
    "organization_plan": "the subscription",
    "organization_audit": "the audit of the organization",
    "organization_sign_in": "what members need to sign in",
    "organization_support": "the support sessions",
    "organization_notifications": "the notifications",
    "organization_deliveries": "the deliveries of notifications",
    "organization_webhook": "a webhook",
    "organization_webhook_new": "the form for a webhook",
    "organization_webhook_secret": "a webhook",
    "organization_webhook_secret_made": "a webhook",
    "organization_webhook_delete": "a webhook",
    "organization_second_person": "the confirmations by a second person",
    "search": "the search",
    "fleet": "Fleet, with this organization's namespaces",
    "schedules": "the schedules",
    "platform_organizations": "the list of organizations",
    "platform_namespaces": "the namespaces of all organizations",
    "organizations": "the choice of an organization",
    "platform_organization": "the organization for the platform",
    "platform_jobs": "the jobs of all organizations",
    "platform_unreadable": "unreadable documents and failing items",
    "clone_name_check": "the clone form",
    "name_check": "the settings",
    "at_work": "the list of namespaces",
    "saved_views": "the saved views",
    "saved_view": "the saved views",
    "bulk": "a change to several namespaces",
    "bulk_new": "a change to several namespaces",
    "dismissals": "the index advice",
    "new_namespace": "the form for a namespace",
    "new_name_check": "the form for a namespace",
    "new_template": "the form for a template",
    "template_use": "a template",
    "organization_member_new": "the form for a member",
    "organization_invitation": "an invitation",
    "organization_key_new": "the form for an API key",
    "organization_key_made": "an API key",
    "organization_key_revoke": "an API key",
    "organization_key_rotate": "an API key",
    "service_account_new": "the form for a service account",
    "service_account": "a service account",
    "deactivated_member": "a deactivated member",
    "platform_subscription": "the form for the subscription",
    "platform_limits": "the form for the limits",
    "platform_suspension": "the form for a suspension",
}
_THINGS: Final[Mapping[str, str]] = {
    "job_id": "job",
    "task_id": "job",
    "template_id": "template",
    "document_id": "document",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One answered request: its route, what its address names, its namespace.

    A refused one is answered with the page of the refusal, not with what it asked for.
    """

    door: str
    method: str
    path: str
    route: str
    names: Mapping[str, str]
    namespace: str
    is_refused: bool = False


def action_of(visit: Visit) -> str:
    """Return the audit's action: a document that was opened, or else a view."""
    return OPENED if "document_id" in visit.names or _is_list(visit) else VIEWED


def _is_list(visit: Visit) -> bool:
    """Whether the API answered whole documents in a list."""
    return visit.door == "api" and visit.path.endswith("/documents/list")


def sentence_of(visit: Visit) -> str:
    """Return one sentence, such as “Support viewed the overview of namespace films”."""
    of_namespace = f" of namespace {visit.namespace}" if visit.namespace else ""
    if visit.is_refused:
        return clip(f"Support was refused {_page(visit)}{of_namespace}.", 500)
    by_api = f" ({visit.method} {visit.path})" if visit.door == "api" else ""
    if "document_id" in visit.names:
        document = clip(visit.names["document_id"], 100)
        return clip(f"Support opened document {document}{of_namespace}{by_api}.", 500)
    if visit.route.startswith("search"):
        return clip(f"Support searched{by_api}.", 500)
    if _is_list(visit):
        return clip(f"Support read a list of documents{of_namespace}{by_api}.", 500)
    if visit.door == "api":
        what = f"namespace {visit.namespace}" if visit.namespace else "data"
        return clip(f"Support viewed {what} through the API{by_api}.", 500)
    return clip(f"Support viewed {_page(visit)}{of_namespace}.", 500)


def _page(visit: Visit) -> str:
    """Return the words for a page, such as “the overview” or “bucket bkt_1”."""
    for name, word in _THINGS.items():
        if name in visit.names:
            return f"{word} {clip(visit.names[name], 100)}"
    if "resource_kind" in visit.names:
        return _resource(visit.names["resource_kind"], visit.names.get("resource_id"))
    return PAGES.get(visit.route) or f"the page “{visit.route.replace('_', ' ')}”"


def _resource(kind: str, resource_id: str | None) -> str:
    """Return the words for a list of resources or for one, such as “bucket bkt_1”."""
    if resource_id is None:
        return f"the {kind}"
    singular = {"taxonomies": "taxonomy"}.get(kind, kind.removesuffix("s"))
    return f"{singular} {clip(resource_id, 100)}"
