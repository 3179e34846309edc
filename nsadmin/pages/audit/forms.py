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
    "automatic": "Indexes from usage",
    "infrastructure": "Infrastructure",
    "protection": "Protection",
    "indexes": "Payload indexes",
    "extractors": "Extractors",
}

# What was done, by the action that the row carries; others are offered as they are.
ACTION_WORDS = {
    "account:sign-in": "Sign-in refused",
    "advice:dismiss": "Advice dismissed",
    "job:cancel": "Job cancelled",
    "job:resume": "Job resumed",
    "key:create": "API key made",
    "key:revoke": "API key revoked",
    "member:invite": "Member invited",
    "member:join": "Member joined",
    "member:remove": "Member removed",
    "member:role": "Role changed",
    "member:withdraw": "Invitation withdrawn",
    "namespace:clone": "Namespace cloned",
    "namespace:create": "Namespace made",
    "namespace:delete": "Namespace deleted, restorable",
    "namespace:discard-clone": "Clone discarded",
    "namespace:expiry-warning": "Warned of expiry",
    "namespace:extend": "Expiry extended",
    "namespace:extend-all": "Expiry of many extended",
    "namespace:let-expire": "Many let expire",
    "namespace:purge": "Namespace deleted for good",
    "namespace:restore": "Namespace restored",
    "namespace:update": "Namespace changed",
    "schedule:run": "Schedule run by hand",
    "template:create": "Template made",
    "template:update": "Template changed",
}


class AuditFilterForm(BaseForm):
    """Who, what, outcome, from when to when, and words; all optional."""

    text = forms.CharField(
        label="Words", required=False, max_length=200, widget=forms.TextInput
    )
    actor = forms.ChoiceField(label="Who", required=False)
    what = forms.ChoiceField(label="What", required=False)
    outcome = forms.ChoiceField(
        label="Outcome", required=False, choices=[("", "Any"), *Outcome.choices]
    )
    since = forms.DateField(
        label="From", required=False, widget=forms.DateInput({"type": "date"})
    )
    until = forms.DateField(
        label="To", required=False, widget=forms.DateInput({"type": "date"})
    )

    def __init__(self, data: Any, rows: AuditRows, names: dict[str, str]) -> None:
        """Offer who and what occur among `rows`; `names` of people by their id."""
        super().__init__(data)
        self.fields["actor"].choices = [("", "Anybody")] + [  # type: ignore[attr-defined]
            (f"{kind}:{actor_id}", _named(kind, actor_id, label, names))
            for kind, actor_id, label in search.actors(rows)
        ]
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            ("", "Anything"),
            *KIND_WORDS.items(),
            *(
                (action, ACTION_WORDS.get(action, action))
                for action in search.actions(rows)
            ),
        ]

    def clean(self) -> dict[str, Any]:
        """Refuse a span that ends before it begins."""
        data: dict[str, Any] = self.cleaned_data
        if data.get("since") and data.get("until") and data["since"] > data["until"]:
            self.add_error("until", "This day is before the first.")
        return data

    @property
    def query(self) -> AuditQuery:
        """Return what to look for; what is not valid does not narrow."""
        self.is_valid()
        known = {key: value for key, value in self.cleaned_data.items() if value}
        return AuditQuery(**known)


def _named(kind: str, actor_id: str, label: str, names: dict[str, str]) -> str:
    name = names.get(actor_id) if kind == "user" else None
    return name or label or actor_id
