"""The attempt that a refusal is about, in words."""

from django.http import HttpRequest

_ATTEMPTS = {
    "advice": "Accept index advice",
    "clone": "Clone the namespace",
    "config": "Change the configuration",
    "delete": "Delete the namespace",
    "discard_plan": "Discard a plan",
    "dismissals": "Dismiss index advice",
    "documents_export": "Export documents",
    "expiry": "Change the expiry",
    "extractors": "Append an extractor",
    "indexes": "Change the payload indexes",
    "move_back": "Move back to the former cluster",
    "new_namespace": "Create a namespace",
    "new_plan": "Confirm a plan",
    "new_template": "Save a template",
    "organization_audit": "Read the audit log of the organization",
    "organization_key_new": "Create an API key",
    "organization_key_revoke": "Revoke an API key",
    "organization_member": "Change a member",
    "organization_member_new": "Invite a member",
    "organization_sign_in": "Require a second factor of members",
    "plan": "Confirm a plan",
    "protection": "Change the protection from deletion",
    "repair": "Repair differences",
    "revert": "Revert a change",
    "settings": "Change the settings",
    "tier": "Change the tier",
    "tombstone": "Restore a deleted namespace, or delete it for good",
}


def tried(request: HttpRequest) -> str:
    """Return the attempt of a request in words, or else its address."""
    match = request.resolver_match
    words = _ATTEMPTS.get((match.url_name if match else "") or "")
    if words == _ATTEMPTS["indexes"] and request.POST.get("drop"):
        return f"Drop the payload index {request.POST['drop'][:200]}"
    return words or f"Open {request.path[:200]}"
