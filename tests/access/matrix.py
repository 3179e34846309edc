"""Who gets what at every route: the table, and how to walk the routes.

Each row names a method and a route, then per target the outcome for
anonymous, viewer, member, admin, support, platform admin, in this order:

    in      let through; what comes back is no refusal
    login   sent to sign in
    401 403 404

Staff have a support session for both customers; what they get without one follows from
the row (`Row.without_session`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver

ROLES = ("anonymous", "viewer", "member", "admin", "support", "platform_admin")
TARGETS = ("own", "foreign", "system")

Route = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """Outcomes by target; a route without a target has only `own`."""

    own: str
    foreign: str = ""
    system: str = ""

    def without_session(self) -> Iterator[tuple[str, str, str]]:
        """Yield (target, role, outcome) of staff who have no support session.

        Both customers' things are to support what Halden's are to Northlight's viewer,
        and to platform admins what they are to its admin.
        """
        words = self.foreign.split()
        for role, like in (("support", "viewer"), ("platform_admin", "admin")):
            for target in ("own", "foreign") if words else ():
                yield target, role, words[ROLES.index(like)]

    def outcomes(self) -> Iterator[tuple[str, str, str]]:
        """Yield (target, role, outcome)."""
        for target in TARGETS:
            words = getattr(self, target).split()
            assert len(words) in (0, len(ROLES)), self
            for role, outcome in zip(ROLES, words, strict=False):
                yield target, role, outcome


_OPEN = Row("in in in in in in")
_METRICS = Row("404 404 404 404 404 404")  # without NSADMIN_METRICS_KEY
_NO_PROVIDER = Row("404 404 404 404 404 404")  # without NSADMIN_SSO
_NO_DEMO = Row("404 404 404 404 404 404")  # without NSADMIN_DEMO_LOGINS
_NO_PROVIDER_OF_ONES_OWN = Row("login 404 404 404 404 404")
_PERSON = Row("login in in in in in")
_SHOWN = Row(
    own="login in in in in in",
    foreign="login 404 404 404 in in",
    system="login in in in in in",
)
_CHANGED = Row(
    own="login 403 in in 403 in",
    foreign="login 404 404 404 403 in",
    system="login 403 403 403 403 in",
)
_DELETED = Row(
    own="login 403 403 in 403 in",
    foreign="login 404 404 404 403 in",
    system="login 403 403 403 403 in",
)
_SEEN_BY_ADMINS = Row(
    own="login 403 403 in 403 in",
    foreign="login 404 404 404 403 in",
    system="login 403 403 in 403 in",
)
_SEEN_BY_ADMINS_AND_SUPPORT = Row(
    own="login 403 403 in in in",
    foreign="login 404 404 404 in in",
    system="login 403 403 in in in",
)
_PLACED = Row(
    own="login 403 403 in 403 in",
    foreign="login 404 404 404 403 in",
    system="login 403 403 403 403 in",
)
_CLONED = Row(
    own="login 403 in in 403 in",
    foreign="login 404 404 404 403 in",
    system="login 403 in in 403 in",
)
_EXPORTED = Row(
    own="login 403 in in 403 403",
    foreign="login 404 404 404 403 403",
    system="login 403 403 403 403 in",
)
_MANAGED = Row(
    own="login 403 403 in 403 in", foreign="login 403 403 404 403 404"
)  # staff look at Northlight, so that Halden's is foreign to them as well
# Staff see the webhooks of a customer, and change none.
_HOOKED = Row(own="login 403 403 in 403 403", foreign="login 403 403 404 403 404")
_BULK = Row(own="login 403 in in 403 in", foreign="login 403 404 404 403 in")
_BULK_API = Row(own="401 403 in in 403 in", foreign="401 403 404 404 403 in")
# It is the admin's own; each person has others.
_OWN_VIEW = Row("401 404 404 in 404 404")
_OWN_SESSION = Row("login 404 404 in 404 404")
_PLATFORM_READ = Row("login 403 403 403 in in")
_PLATFORM_MANAGED = Row("login 403 403 403 403 in")
_KEY = Row("401 in in in in in")
_READ = Row(
    own="401 in in in in in",
    foreign="401 404 404 404 in in",
    system="401 in in in in in",
)
_WORKED = Row("401 403 403 403 403 in")

NAMESPACE_PAGE = "namespaces/<namespace_id>/"
DOCUMENT_PAGE = NAMESPACE_PAGE + "documents/<document_id>/"
NAMESPACE_API = "v1/namespaces/<identifier>"

MATRIX: dict[Route, Row] = {
    # Pages
    ("GET", ""): _PERSON,
    ("GET", "namespaces/"): _PERSON,
    ("GET", "namespaces/at-work/"): _PERSON,
    ("GET", "namespaces/views/"): _PERSON,
    ("POST", "namespaces/views/"): _PERSON,
    # It is the admin's own; each person has others.
    ("POST", "namespaces/views/<view_id>/"): Row("login 404 404 in 404 404"),
    ("GET", "namespaces/bulk/"): Row("login 403 in in 403 in"),
    ("POST", "namespaces/bulk/"): Row("login 403 in in 403 in"),
    ("GET", "namespaces/bulk/<bulk_id>/"): _BULK,
    ("POST", "namespaces/bulk/<bulk_id>/"): _BULK,
    ("GET", NAMESPACE_PAGE): _SHOWN,
    ("GET", NAMESPACE_PAGE + "health/"): _SHOWN,
    ("GET", NAMESPACE_PAGE + "config/"): _SHOWN,
    ("POST", NAMESPACE_PAGE + "config/"): _CHANGED,
    ("GET", NAMESPACE_PAGE + "audit/"): _SHOWN,
    ("GET", NAMESPACE_PAGE + "audit/<op_id>/revert/"): _CHANGED,
    ("POST", NAMESPACE_PAGE + "audit/<op_id>/revert/"): _CHANGED,
    ("GET", NAMESPACE_PAGE + "plans/<plan_id>/"): _SHOWN,
    ("POST", NAMESPACE_PAGE + "plans/<plan_id>/"): _CHANGED,
    ("GET", NAMESPACE_PAGE + "plans/"): _SHOWN,
    ("GET", "namespaces/plans/"): _PERSON,
    ("GET", "namespaces/plans/<plan_id>/"): Row(_SHOWN.own, _SHOWN.foreign),
    ("POST", "namespaces/plans/<plan_id>/"): Row(
        own="login 403 403 in 403 in", foreign="login 403 403 404 403 in"
    ),
    ("POST", "namespaces/plans/<plan_id>/discard/"): Row(
        own="login 403 403 in 403 in", foreign="login 403 404 404 403 in"
    ),
    ("GET", NAMESPACE_PAGE + "documents/"): _SHOWN,
    ("POST", NAMESPACE_PAGE + "documents/export/"): _EXPORTED,
    ("GET", DOCUMENT_PAGE): _SHOWN,
    ("GET", DOCUMENT_PAGE + "value/"): _SHOWN,
    ("GET", DOCUMENT_PAGE + "payload/"): _SHOWN,
    ("GET", DOCUMENT_PAGE + "vector/"): _SHOWN,
    ("GET", NAMESPACE_PAGE + "extractors/"): _SHOWN,
    ("POST", NAMESPACE_PAGE + "extractors/"): _CHANGED,
    ("GET", NAMESPACE_PAGE + "process-again/<extractor_id>/"): _CHANGED,
    ("POST", NAMESPACE_PAGE + "process-again/<extractor_id>/"): _CHANGED,
    ("POST", NAMESPACE_PAGE + "process-again/<extractor_id>/cancel/"): _CHANGED,
    ("GET", NAMESPACE_PAGE + "repair/"): _CHANGED,
    ("POST", NAMESPACE_PAGE + "repair/"): _CHANGED,
    ("GET", NAMESPACE_PAGE + "drift/"): _SHOWN,
    ("GET", NAMESPACE_PAGE + "resources/"): _SHOWN,
    ("GET", NAMESPACE_PAGE + "resources/map/"): _SHOWN,
    ("GET", NAMESPACE_PAGE + "resources/<resource_kind>/"): _SHOWN,
    ("GET", NAMESPACE_PAGE + "resources/<resource_kind>/<resource_id>/"): _SHOWN,
    ("GET", NAMESPACE_PAGE + "advice/"): _SHOWN,
    ("POST", NAMESPACE_PAGE + "advice/"): _CHANGED,
    ("POST", NAMESPACE_PAGE + "advice/dismissals/"): _CHANGED,
    ("GET", NAMESPACE_PAGE + "infrastructure/"): _SHOWN,
    ("POST", NAMESPACE_PAGE + "infrastructure/"): _PLACED,
    ("GET", NAMESPACE_PAGE + "infrastructure/back/"): _PLACED,
    ("POST", NAMESPACE_PAGE + "infrastructure/back/"): _PLACED,
    ("GET", NAMESPACE_PAGE + "indexes/"): _SHOWN,
    ("POST", NAMESPACE_PAGE + "indexes/"): _CHANGED,
    ("GET", NAMESPACE_PAGE + "settings/"): _CHANGED,
    ("POST", NAMESPACE_PAGE + "settings/"): _CHANGED,
    ("GET", NAMESPACE_PAGE + "expiry/"): _CHANGED,
    ("POST", NAMESPACE_PAGE + "expiry/"): _CHANGED,
    ("GET", NAMESPACE_PAGE + "name/"): _CHANGED,
    ("GET", NAMESPACE_PAGE + "clone/name/"): _CLONED,
    ("GET", "namespaces/new/"): Row("login 403 403 in 403 in"),
    ("POST", "namespaces/new/"): Row("login 403 403 in 403 in"),
    ("GET", "namespaces/new/name/"): Row("login 403 403 in 403 in"),
    ("GET", "namespaces/deleted/"): Row("login 403 403 in in in"),
    ("GET", "namespaces/due/"): _PERSON,
    ("POST", "namespaces/due/release/"): Row("login 403 403 in 403 in"),
    ("POST", "namespaces/due/extend/"): Row("login 403 403 in 403 in"),
    ("GET", NAMESPACE_PAGE + "delete/"): _DELETED,
    ("POST", NAMESPACE_PAGE + "delete/"): _DELETED,
    ("GET", NAMESPACE_PAGE + "protection/"): _DELETED,
    ("POST", NAMESPACE_PAGE + "protection/"): _DELETED,
    # A namespace that is not deleted leads to its own page, which more may see.
    ("GET", NAMESPACE_PAGE + "deleted/"): _SEEN_BY_ADMINS_AND_SUPPORT,
    ("POST", NAMESPACE_PAGE + "deleted/"): _SEEN_BY_ADMINS,
    ("GET", NAMESPACE_PAGE + "clone/"): _CLONED,
    ("POST", NAMESPACE_PAGE + "clone/"): _CLONED,
    # The namespaces are in the query, so that tests/pages/test_compare.py goes there.
    ("GET", "compare/"): _PERSON,
    ("POST", "compare/run/"): Row("login 403 in in 403 in"),
    ("GET", "compare/<comparison_id>/"): Row(_SHOWN.own, _SHOWN.foreign),
    ("GET", "search/"): _PERSON,
    ("GET", "search/suggestions/"): _PERSON,
    ("GET", "fleet/"): Row("login 403 403 403 in in"),
    ("POST", "fleet/held/<kind>/"): Row("login 403 403 403 403 in"),
    ("GET", "platform/organizations/"): _PLATFORM_READ,
    ("GET", "platform/organizations/options/"): Row("login 403 403 403 in in"),
    ("GET", "platform/namespaces/"): _PLATFORM_READ,
    ("GET", "platform/organizations/new/"): _PLATFORM_MANAGED,
    ("POST", "platform/organizations/new/"): _PLATFORM_MANAGED,
    ("GET", "platform/organizations/<organization_id>/"): _PLATFORM_READ,
    ("GET", "platform/organizations/<organization_id>/subscription/"): (
        _PLATFORM_MANAGED
    ),
    ("POST", "platform/organizations/<organization_id>/subscription/"): (
        _PLATFORM_MANAGED
    ),
    ("GET", "platform/organizations/<organization_id>/limits/"): _PLATFORM_MANAGED,
    ("POST", "platform/organizations/<organization_id>/limits/"): _PLATFORM_MANAGED,
    ("GET", "platform/organizations/<organization_id>/suspension/"): _PLATFORM_MANAGED,
    ("POST", "platform/organizations/<organization_id>/suspension/"): _PLATFORM_MANAGED,
    ("GET", "platform/jobs/"): _PLATFORM_READ,
    ("GET", "platform/unreadable/"): _PLATFORM_READ,
    ("POST", "platform/unreadable/finish-deletion/"): _PLATFORM_MANAGED,
    ("GET", "templates/"): _PERSON,
    ("GET", "templates/<template_id>/"): Row(_SHOWN.own, _SHOWN.foreign),
    ("POST", "templates/<template_id>/use/"): Row(
        own="login 403 403 in 403 in", foreign="login 403 404 404 403 in"
    ),
    ("GET", NAMESPACE_PAGE + "template/"): _CLONED,
    ("POST", NAMESPACE_PAGE + "template/"): _CLONED,
    ("GET", "jobs/"): _PERSON,
    ("GET", "jobs/badge/"): _PERSON,
    ("POST", "jobs/seen/"): _PERSON,
    ("GET", "jobs/<job_id>/report/"): Row(_SHOWN.own, _SHOWN.foreign),
    ("GET", "jobs/<job_id>/"): Row(_SHOWN.own, _SHOWN.foreign),
    ("POST", "jobs/<job_id>/"): Row(
        own="login 403 in in 403 in", foreign="login 404 404 404 403 in"
    ),
    ("GET", "schedules/"): Row("login 403 403 403 in in"),
    ("POST", "schedules/<name>/run/"): Row("login 403 403 403 403 in"),
    ("GET", "organization/audit/"): Row("login 403 403 in in in"),
    ("GET", "organization/"): _PERSON,
    ("GET", "organization/members/new/"): Row("login 403 403 in 403 403"),
    ("POST", "organization/members/new/"): Row("login 403 403 in 403 403"),
    ("GET", "organization/members/<member_id>/"): _MANAGED,
    ("POST", "organization/members/<member_id>/"): _MANAGED,
    ("GET", "organization/members/deactivated/<member_id>/"): _MANAGED,
    ("POST", "organization/members/deactivated/<member_id>/"): _MANAGED,
    ("GET", "organization/invitations/<invitation_id>/"): _MANAGED,
    ("POST", "organization/invitations/<invitation_id>/"): _MANAGED,
    ("GET", "organization/keys/"): _PERSON,
    ("GET", "organization/keys/new/"): Row(_MANAGED.own),
    ("POST", "organization/keys/new/"): Row(_MANAGED.own),
    ("GET", "organization/keys/<key_id>/made/"): _MANAGED,
    ("GET", "organization/keys/<key_id>/revoke/"): _MANAGED,
    ("POST", "organization/keys/<key_id>/revoke/"): _MANAGED,
    ("GET", "organization/keys/<key_id>/rotate/"): _MANAGED,
    ("POST", "organization/keys/<key_id>/rotate/"): _MANAGED,
    ("GET", "organization/service-accounts/new/"): Row(_MANAGED.own),
    ("POST", "organization/service-accounts/new/"): Row(_MANAGED.own),
    ("GET", "organization/service-accounts/<account_id>/"): _MANAGED,
    ("POST", "organization/service-accounts/<account_id>/"): _MANAGED,
    ("GET", "organization/plan/"): _PERSON,
    ("GET", "organization/second-person/"): Row("login 403 403 in 403 in"),
    ("POST", "organization/second-person/"): Row("login 403 403 in 403 403"),
    ("GET", "organization/sign-in/"): Row("login 403 403 in 403 in"),
    ("POST", "organization/sign-in/"): Row("login 403 403 in 403 403"),
    ("GET", "organization/notifications/"): Row("login 403 403 in 403 in"),
    ("GET", "organization/notifications/new/"): Row("login 403 403 in 403 403"),
    ("POST", "organization/notifications/new/"): Row("login 403 403 in 403 403"),
    ("GET", "organization/notifications/deliveries/"): Row("login 403 403 in 403 in"),
    ("POST", "organization/notifications/deliveries/<delivery_id>/again/"): _HOOKED,
    ("GET", "organization/notifications/<webhook_id>/"): _MANAGED,
    ("POST", "organization/notifications/<webhook_id>/"): _HOOKED,
    ("POST", "organization/notifications/<webhook_id>/act/"): _HOOKED,
    ("GET", "organization/notifications/<webhook_id>/secret/"): _MANAGED,
    ("POST", "organization/notifications/<webhook_id>/secret/"): _HOOKED,
    ("GET", "organization/notifications/<webhook_id>/secret/made/"): _MANAGED,
    ("GET", "organization/notifications/<webhook_id>/delete/"): _MANAGED,
    ("POST", "organization/notifications/<webhook_id>/delete/"): _HOOKED,
    ("GET", "organization/support/"): Row("login 403 403 in 403 in"),
    # Staff look at it by a session, and only members decide.
    ("POST", "organization/support/"): Row("login 403 403 in 403 403"),
    ("GET", "support/"): Row("login 403 403 403 in in"),
    ("GET", "support/new/"): Row("login 403 403 403 in in"),
    ("POST", "support/new/"): Row("login 403 403 403 in in"),
    ("GET", "support/break-glass/"): Row("login 403 403 403 403 in"),
    ("POST", "support/break-glass/"): Row("login 403 403 403 403 in"),
    # It is the support person's; nobody ends another's here.
    ("POST", "support/<session_id>/end/"): Row("login 403 403 403 in 404"),
    ("POST", "organization/switch/"): _PERSON,
    ("GET", "organizations/"): _PERSON,
    ("POST", "theme/"): _PERSON,
    ("GET", "account/"): _PERSON,
    ("GET", "account/name/"): _PERSON,
    ("POST", "account/name/"): _PERSON,
    ("GET", "account/second-factor/"): _PERSON,
    ("GET", "account/passkeys/"): _PERSON,
    ("GET", "account/sessions/"): _PERSON,
    ("GET", "account/notifications/"): _PERSON,
    ("POST", "account/notifications/"): _PERSON,
    ("POST", "account/sessions/end-others/"): _PERSON,
    ("POST", "account/sessions/<session_pk>/end/"): _OWN_SESSION,
    # One leaves Northlight; staff do not belong to it.
    ("GET", "account/organizations/<organization_id>/leave/"): Row(
        "login in in in 404 404"
    ),
    ("POST", "account/organizations/<organization_id>/leave/"): Row(
        "login in in in 404 404"
    ),
    # Who has the link may know of it; the platform's people join nothing.
    ("GET", "join/<secret>/"): _OPEN,
    ("POST", "join/<secret>/"): Row("in in in in 403 403"),
    ("GET", "styleguide/"): Row("login 403 403 403 in in"),
    ("GET", "healthz"): _OPEN,
    ("GET", "readyz"): _OPEN,
    ("GET", "metrics"): _METRICS,
    # The API
    ("GET", "v1/docs"): _OPEN,
    ("GET", "v1/openapi.json"): _OPEN,
    ("POST", "v1/namespaces/list"): _KEY,
    ("GET", "v1/namespaces"): _KEY,
    ("POST", "v1/namespaces"): Row("401 403 403 in 403 in"),
    ("GET", NAMESPACE_API): _READ,
    ("PATCH", NAMESPACE_API): Row(
        own="401 403 in in 403 in",
        foreign="401 403 404 404 403 in",
        system="401 403 403 403 403 in",
    ),
    ("PUT", NAMESPACE_API): Row(
        own="401 403 in in 403 in",
        foreign="401 403 404 404 403 in",
        system="401 403 403 403 403 in",
    ),
    ("GET", NAMESPACE_API + "/config"): _READ,
    ("POST", NAMESPACE_API + "/config"): Row(
        own="401 403 in in 403 in",
        foreign="401 403 404 404 403 in",
        system="401 403 403 403 403 in",
    ),
    ("DELETE", NAMESPACE_API): Row(  # the admin's request has deleted it already
        own="401 403 403 in 403 404",
        foreign="401 403 403 404 403 in",
        system="401 403 403 403 403 in",
    ),
    ("POST", NAMESPACE_API + "/ensure-indexes"): Row(
        own="401 403 in in 403 in",
        foreign="401 403 404 404 403 in",
        system="401 403 403 403 403 in",
    ),
    ("GET", NAMESPACE_API + "/plans/<plan_id>"): _READ,
    ("POST", NAMESPACE_API + "/plans/<plan_id>/confirm"): Row(
        own="401 403 in in 403 in",
        foreign="401 403 404 404 403 in",
        system="401 403 403 403 403 in",
    ),
    ("GET", "v1/plans/<plan_id>"): Row(_READ.own, _READ.foreign),
    ("POST", "v1/plans/<plan_id>/confirm"): Row(
        own="401 403 403 in 403 in", foreign="401 403 403 404 403 in"
    ),
    ("POST", NAMESPACE_API + "/clone"): Row(
        own="401 403 in in 403 in",
        foreign="401 403 404 404 403 in",
        system="401 403 in in 403 in",
    ),
    ("GET", NAMESPACE_API + "/extractors"): _READ,
    ("GET", NAMESPACE_API + "/extractors/<feature_extractor_id>"): _READ,
    ("GET", NAMESPACE_API + "/stats"): _READ,
    ("POST", NAMESPACE_API + "/documents/list"): _READ,
    ("GET", NAMESPACE_API + "/documents/<document_id>"): _READ,
    ("POST", "v1/namespaces/stats/batch"): _KEY,
    # What is sent sets a first end; a member may move one to later.
    ("POST", NAMESPACE_API + "/extend"): Row(
        own="401 403 403 in 403 in",
        foreign="401 403 404 404 403 in",
        system="401 403 403 403 403 in",
    ),
    ("POST", NAMESPACE_API + "/reprocess"): Row(
        own="401 403 in in 403 in",
        foreign="401 403 404 404 403 in",
        system="401 403 403 403 403 in",
    ),
    ("GET", NAMESPACE_API + "/reprocess"): _READ,
    ("GET", NAMESPACE_API + "/reprocess/<request_id>"): Row(_READ.own, _READ.foreign),
    ("DELETE", NAMESPACE_API + "/reprocess/<request_id>"): Row(
        own="401 403 in in 403 in", foreign="401 403 404 404 403 in"
    ),
    ("POST", "v1/reprocess/claim"): _WORKED,
    ("POST", "v1/reprocess/<request_id>/progress"): _WORKED,
    ("POST", "v1/reprocess/<request_id>/done"): _WORKED,
    ("POST", "v1/reprocess/<request_id>/failed"): _WORKED,
    ("GET", "v1/templates/namespaces"): _KEY,
    ("GET", "v1/templates/namespaces/<template_id>"): Row(_READ.own, _READ.foreign),
    ("POST", "v1/templates/namespaces/from-namespace/<identifier>"): Row(
        own="401 403 in in 403 in",
        foreign="401 403 404 404 403 in",
        system="401 403 in in 403 in",
    ),
    ("POST", "v1/templates/namespaces/<template_id>/instantiate"): Row(
        own="401 403 403 in 403 in", foreign="401 403 403 404 403 in"
    ),
    ("POST", NAMESPACE_API + "/filter-usage"): Row(
        own="401 403 in in 403 in",
        foreign="401 403 404 404 403 in",
        system="401 403 403 403 403 in",
    ),
    ("GET", "accounts/sso/"): _NO_PROVIDER,
    ("POST", "accounts/sso/"): _NO_PROVIDER,
    ("GET", "accounts/sso/confirm/"): _NO_PROVIDER_OF_ONES_OWN,
    ("POST", "accounts/sso/<provider_id>/start/"): _NO_PROVIDER,
    ("POST", "accounts/sso/<provider_id>/confirm/"): _NO_PROVIDER_OF_ONES_OWN,
    ("GET", "accounts/sso/<provider_id>/callback/"): _NO_PROVIDER,
    ("POST", "accounts/sso/<provider_id>/acs/"): _NO_PROVIDER,
    ("GET", "accounts/sso/<provider_id>/acs/finish/"): _NO_PROVIDER,
    ("GET", "accounts/sso/<provider_id>/metadata/"): _NO_PROVIDER,
    ("POST", "accounts/demo/"): _NO_DEMO,
    ("GET", "v1/analytics/indexes/suggestions"): _READ,
    ("GET", "v1/analytics/indexes/usage"): _READ,
    ("POST", "v1/bulk/namespaces"): Row("401 403 in in 403 in"),
    ("GET", "v1/bulk/namespaces/<bulk_id>"): _BULK_API,
    ("POST", "v1/bulk/namespaces/<bulk_id>/confirm"): _BULK_API,
    ("POST", "v1/bulk/namespaces/<bulk_id>/continue"): _BULK_API,
    ("GET", "v1/views/namespaces"): _KEY,
    ("POST", "v1/views/namespaces"): _KEY,
    ("GET", "v1/views/namespaces/<view_id>"): _OWN_VIEW,
    ("PATCH", "v1/views/namespaces/<view_id>"): _OWN_VIEW,
    ("DELETE", "v1/views/namespaces/<view_id>"): _OWN_VIEW,
    ("GET", "v1/audit/stream"): Row("401 403 403 in in in"),
    ("POST", "v1/tasks/list"): _KEY,
    ("GET", "v1/tasks/<task_id>"): Row(_READ.own, _READ.foreign),
    # A foreign task is answered like an unknown one, and that is no error.
    ("DELETE", "v1/tasks/<task_id>"): Row(
        own="401 403 in in 403 in", foreign="401 403 in in 403 in"
    ),
    ("GET", "v1/collections/features/extractors"): _KEY,
    ("GET", "v1/collections/features/extractors/<feature_extractor_id>"): _KEY,
}

# Where a POST needs the password of the last ten minutes.
STEP_UP = {
    NAMESPACE_PAGE + "delete/",
    "namespaces/due/release/",
    "fleet/held/<kind>/",
    "platform/unreadable/finish-deletion/",
    "platform/organizations/new/",
    "platform/organizations/<organization_id>/suspension/",
    "organization/members/new/",
    "organization/members/<member_id>/",
    "organization/invitations/<invitation_id>/",
    "organization/members/deactivated/<member_id>/",
    "organization/keys/new/",
    "organization/notifications/new/",
    "organization/notifications/<webhook_id>/secret/",
    "organization/keys/<key_id>/rotate/",
    "organization/service-accounts/new/",
    "organization/service-accounts/<account_id>/",
    "account/organizations/<organization_id>/leave/",
    "support/break-glass/",
}

# Sign-in belongs to allauth, which guards its own views.
GUARDED_ELSEWHERE = {
    "accounts/login/",
    "accounts/logout/",
    "accounts/inactive/",
    "accounts/signup/",
    "accounts/reauthenticate/",
    "accounts/2fa/authenticate/",
    "accounts/2fa/reauthenticate/",
    "accounts/2fa/totp/activate/",
    "accounts/2fa/totp/deactivate/",
    "accounts/2fa/recovery-codes/",
    "accounts/2fa/recovery-codes/generate/",
    "accounts/2fa/recovery-codes/download/",
    "accounts/2fa/webauthn/add/",
    "accounts/2fa/webauthn/login/",
    "accounts/2fa/webauthn/reauthenticate/",
    "accounts/2fa/webauthn/keys/<pk>/edit/",
    "accounts/2fa/webauthn/keys/<pk>/remove/",
    "accounts/password/change/",
    "accounts/password/reset/",
    "accounts/password/reset/done/",
    "accounts/password/reset/key/done/",
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
}


def routes(
    patterns: Iterable[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Walk all routes with their views; `<str:job_id>` is written `<job_id>`."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield re.sub(r"<\w+:(\w+)>", r"<\1>", route), pattern.callback


def unlisted(
    patterns: Iterable[URLPattern | URLResolver], table: Iterable[Route]
) -> set[str]:
    """Return the routes that the table does not know, or knows under other methods."""
    listed: dict[str, set[str]] = {}
    for method, route in table:
        listed.setdefault(route, set()).add(method)
    found = set()
    for route, view in routes(patterns):
        if route in GUARDED_ELSEWHERE:
            continue
        methods = listed.get(route, set())
        operations = getattr(view, "declarations", None)
        if not methods or (operations is not None and set(operations) != methods):
            found.add(route)
    return found


def undeclared(patterns: Iterable[URLPattern | URLResolver]) -> set[str]:
    """Return the routes whose view says nothing of who may."""
    return {
        r for r, view in routes(patterns) if getattr(view, "declared", None) is None
    }
