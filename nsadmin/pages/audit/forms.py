"""The filter over audit events."""

from typing import Any

from django import forms

from nsadmin.audit import search
from nsadmin.audit.models import Outcome
from nsadmin.audit.search import AuditQuery, AuditRows
from nsadmin.pages.common.forms.base import BaseForm

KIND_WORDS = {
    "name": "Name",
    "description": "Description",
    "automatic": "Automatic indexes",
    "infrastructure": "Infrastructure",
    "protection": "Protection",
    "indexes": "Payload indexes",
    "expiry": "Expiry",
    "extractors": "Extractors",
    search.SUPPORT: "Everything of support",
}

# {action: its title}; actions that are missing here are offered by their name.
ACTION_WORDS = {
    "account:name": "Own name changed",
    "account:password": "Password changed",
    "account:second-factor": "Second factor changed",
    "account:sessions": "Sessions ended",
    "account:sign-in": "Sign-in refused",
    "account:single-sign-on": "Single sign-on",
    "advice:dismiss": "Advice dismissed",
    "document:export": "Documents exported",
    "comparison:run": "Documents compared",
    "job:cancel": "Job cancelled",
    "job:resume": "Job resumed",
    "key:create": "API key created",
    "key:revoke": "API key revoked",
    "key:rotate": "API key rotated",
    "member:deactivate": "Member deactivated",
    "member:invite": "Member invited",
    "member:join": "Member joined",
    "member:leave": "Member left",
    "member:reactivate": "Member reactivated",
    "member:remove": "Member removed",
    "member:role": "Role changed",
    "member:withdraw": "Invitation withdrawn",
    "namespace:clone": "Namespace cloned",
    "namespace:create": "Namespace created",
    "namespace:delete": "Namespace deleted (restorable)",
    "namespace:discard-clone": "Clone discarded",
    "namespace:expiry-warning": "Expiry warning sent",
    "namespace:extend": "Expiry changed",
    "namespace:extend-all": "Expiry of several namespaces extended",
    "namespace:leave-collection": "Collection left behind",
    "namespace:let-expire": "Deletion of several namespaces approved",
    "namespace:move": "Namespace moved",
    "namespace:move-step": "Step of a move",
    "namespace:purge": "Namespace deleted for good",
    "namespace:restore": "Namespace restored",
    "namespace:update": "Namespace changed",
    "organization:create": "Organization created",
    "organization:limits": "Limits changed",
    "organization:resume": "Suspension ended",
    "organization:second-factor": "Second factor of members",
    "organization:subscription": "Subscription changed",
    "organization:suspend": "Organization suspended",
    "pepper:rotate": "Key of the audit rotated",
    "platform:release-deletions": "Held deletions approved",
    "reprocess:claim": "Processing again claimed by a worker",
    "reprocess:cancel": "Processing again cancelled",
    "reprocess:done": "Processing again finished",
    "reprocess:failed": "Processing again failed",
    "reprocess:request": "Processing again requested",
    "schedule:run": "Schedule started manually",
    "second-person:ask": "Fewer confirmations requested",
    "second-person:set": "Confirmations by a second person changed",
    "staff:add": "Staff added",
    "staff:remove": "Staff removed",
    "service-account:create": "Service account created",
    "service-account:deactivate": "Service account deactivated",
    "service-account:reactivate": "Service account reactivated",
    "support:acknowledge": "Emergency access noted",
    "support:approval": "Approval of support sessions changed",
    "support:approve": "Support session approved",
    "support:ask": "Support session requested",
    "support:begin": "Support session began",
    "support:break-glass": "Emergency access of support",
    "support:end": "Support session ended",
    "support:open": "Support opened a document",
    "support:refuse": "Support session refused",
    "support:search": "Support searched all organizations",
    "support:view": "Support viewed a page",
    "template:create": "Template created",
    "template:update": "Template changed",
    "webhook:change": "Webhook changed",
    "webhook:create": "Webhook added",
    "webhook:delete": "Webhook deleted",
    "webhook:secret": "Secret of a webhook replaced",
    "webhook:send-again": "Notification sent again",
    "webhook:turn": "Webhook turned on or off",
}


class AuditFilterForm(BaseForm):
    """Optional filters: actor, action, outcome, dates and text."""

    text = forms.CharField(
        label="Text", required=False, max_length=200, widget=forms.TextInput
    )
    actor = forms.ChoiceField(label="Actor", required=False)
    what = forms.ChoiceField(label="Action", required=False)
    outcome = forms.ChoiceField(
        label="Outcome", required=False, choices=[("", "Any"), *Outcome.choices]
    )
    since = forms.DateField(
        label="From", required=False, widget=forms.DateInput({"type": "date"})
    )
    until = forms.DateField(
        label="To", required=False, widget=forms.DateInput({"type": "date"})
    )

    namespace = forms.CharField(
        label="Namespace",
        required=False,
        max_length=200,
        widget=forms.TextInput({"spellcheck": "false", "placeholder": "Name or id"}),
    )
    session = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)

    def __init__(self, data: Any, rows: AuditRows, names: dict[str, str]) -> None:
        """Offer the actors and actions of `rows`; `names` are {user id: name}."""
        super().__init__(data)
        self.fields["actor"].choices = [("", "Any")] + [  # type: ignore[attr-defined]
            (f"{kind}:{actor_id}", _named(kind, actor_id, label, names))
            for kind, actor_id, label in search.actors(rows)
        ]
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            ("", "Any"),
            *KIND_WORDS.items(),
            *(
                (action, ACTION_WORDS.get(action, action))
                for action in search.actions(rows)
            ),
        ]

    def clean(self) -> dict[str, Any]:
        """Refuse an end date before the start date."""
        data: dict[str, Any] = self.cleaned_data
        if data.get("since") and data.get("until") and data["since"] > data["until"]:
            self.add_error("until", "The end date is before the start date.")
        return data

    @property
    def query(self) -> AuditQuery:
        """Return the filters as a query; invalid fields are left out."""
        self.is_valid()
        known = {key: value for key, value in self.cleaned_data.items() if value}
        return AuditQuery(**known)


def _named(kind: str, actor_id: str, label: str, names: dict[str, str]) -> str:
    name = names.get(actor_id) if kind == "user" else None
    return name or label or actor_id
