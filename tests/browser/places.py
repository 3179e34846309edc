"""Every page of the demo with a name, for screenshots and for axe."""

from tests.browser.running_demo import Demo


def places(demo: Demo) -> dict[str, tuple[str, str]]:
    """{name: (role, path)} of what an admin of the largest namespace's owner sees."""
    by_name = {n["namespace_name"]: n for n in demo.facts["namespaces"]}
    big = by_name["airfields-of-the-world"]["namespace_id"]
    broken = by_name["airstrips-intake"]["namespace_id"]
    dedicated = by_name["car-spotter-archive"]["namespace_id"]
    labour = by_name["labour-market-clips"]["namespace_id"]
    sample = by_name["world-airports-sample"]["namespace_id"]
    return {
        "sign-in": ("nobody", "/accounts/login/"),
        "namespaces": ("admin", "/namespaces/"),
        "namespaces-columns": (
            "admin",
            "/namespaces/?columns=health&columns=created&columns=expires&per=50",
        ),
        "saved-views": ("admin", "/namespaces/views/"),
        "namespace-new": ("admin", "/namespaces/new/"),
        "templates": ("admin", "/templates/"),
        "template-new": ("admin", f"/namespaces/{big}/template/"),
        "namespaces-filtered-empty": ("admin", "/namespaces/?search=nothing-like-this"),
        "overview": ("admin", f"/namespaces/{big}/"),
        "overview-out-of-sync": ("admin", f"/namespaces/{broken}/"),
        "overview-dedicated": ("admin", f"/namespaces/{dedicated}/"),
        "overview-system": ("admin", f"/namespaces/{sample}/"),
        "documents": (
            "admin",
            f"/namespaces/{big}/documents/?f=country&o=is&v=PT&facet=metadata.time_zone",
        ),
        "document": (
            "admin",
            f"/namespaces/{big}/documents/doc_8qodc4dm4a5o/?tab=neighbors",
        ),
        "settings": ("admin", f"/namespaces/{big}/settings/"),
        "tier": ("admin", f"/namespaces/{dedicated}/infrastructure/"),
        "tier-shared": ("admin", f"/namespaces/{big}/infrastructure/"),
        "tier-read-only": ("viewer", f"/namespaces/{dedicated}/infrastructure/"),
        "extractors": ("admin", f"/namespaces/{big}/extractors/"),
        "indexes": ("admin", f"/namespaces/{big}/indexes/"),
        "resources": ("admin", f"/namespaces/{big}/resources/collections/"),
        "resource-map": ("admin", f"/namespaces/{big}/resources/map/"),
        "advice": ("admin", f"/namespaces/{labour}/advice/"),
        "drift": ("admin", f"/namespaces/{broken}/drift/"),
        "due": ("admin", "/namespaces/due/"),
        "clone": ("admin", f"/namespaces/{big}/clone/"),
        "config": ("admin", f"/namespaces/{big}/config/"),
        "audit": ("admin", f"/namespaces/{big}/audit/"),
        "organization-audit": ("admin", "/organization/audit/"),
        "jobs": ("admin", "/jobs/"),
        "organization": ("admin", "/organization/"),
        "account": ("viewer", "/account/"),
        "account-name": ("viewer", "/account/name/"),
        "account-second-factor": ("viewer", "/account/second-factor/"),
        "account-passkeys": ("viewer", "/account/passkeys/"),
        "account-sessions": ("viewer", "/account/sessions/"),
        "account-notifications": ("viewer", "/account/notifications/"),
        "webhooks": ("admin", "/organization/notifications/"),
        "webhook": ("admin", "/organization/notifications/wh_demopipeline/"),
        "webhook-new": ("admin", "/organization/notifications/new/"),
        "deliveries": ("admin", "/organization/notifications/deliveries/"),
        "organization-sign-in": ("admin", "/organization/sign-in/"),
        "audit-verified": ("admin", "/organization/audit/?verify=1"),
        "member-new": ("admin", "/organization/members/new/"),
        "keys": ("admin", "/organization/keys/"),
        "key-new": ("admin", "/organization/keys/new/"),
        "service-account-new": ("admin", "/organization/service-accounts/new/"),
        "organization-plan": ("admin", "/organization/plan/"),
        "styleguide": ("support", "/styleguide/"),
        "api-docs": ("nobody", "/v1/docs"),
        "fleet": ("support", "/fleet/"),
        "platform-organizations": ("support", "/platform/organizations/"),
        "platform-namespaces": ("support", "/platform/namespaces/"),
        "organizations": ("support", "/organizations/"),
        "platform-jobs": ("support", "/platform/jobs/"),
        "platform-unreadable": ("support", "/platform/unreadable/"),
        "forbidden": ("viewer", f"/namespaces/{big}/settings/"),
        "missing": ("admin", "/namespaces/ns_doesnotexist/"),
    }
