"""The forms of API keys and service accounts."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar, Final

from django import forms
from django.conf import settings
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.keys import management, service_accounts
from nsadmin.access.keys.keys import new_key_id
from nsadmin.access.keys.management import MAX_NAMESPACES, KeyRequest, grantable
from nsadmin.access.keys.rotation import OVERLAPS
from nsadmin.access.models import NAME_MAX, PURPOSE_MAX, ServiceAccount
from nsadmin.access.permissions import BROAD_SCOPES, SCOPES, SINGLE_SCOPES, Role
from nsadmin.errors import Invalid
from nsadmin.pages.common.forms.one_time import OneTimeForm
from nsadmin.pages.organization.forms import ROLE_CHOICES
from nsadmin.pages.templatetags.formatting import role_word

SCOPE_MEANINGS: Final = {
    "read": "Read everything",
    "write": "Also change, index, append, clone",
    "delete": "Also delete namespaces",
    "admin": "Everything that the role allows",
    "namespaces:read": "Read namespaces, their figures and jobs",
    "namespaces:write": "Change, index and append; stop jobs",
    "namespaces:create": "Create namespaces, also from templates",
    "namespaces:delete": "Delete namespaces",
    "clones": "Clone namespaces",
    "documents:read": "Read documents",
    "filter-usage:report": "Report which fields queries filter by",
    "audit:read": "Read the audit log",
}
_DAYS: Final = {"30": 30, "90": 90, "365": 365}
_EXPIRIES: Final = [
    ("30", "In 30 days"),
    ("90", "In 90 days"),
    ("365", "In a year"),
    ("date", "On a date"),
    ("never", "Never"),
]
_MYSELF: Final = "me"
_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class NamedNamespaces:
    """How texts are looked up that may be the id or the name of a namespace.

    `find` returns {text: namespace id} for the organization's, `samples` which texts
    are a system sample.
    """

    find: Callable[[Collection[str]], Mapping[str, str]]
    samples: Callable[[Collection[str]], Collection[str]]


class KeyForm(OneTimeForm):
    """A new API key."""

    salt = "nsadmin.key-form"
    paths: ClassVar[Mapping[str, str]] = {"expires_at": "expires_on"}
    new_act_id = staticmethod(new_key_id)

    name = forms.CharField(
        label="Name",
        max_length=NAME_MAX,
        error_messages={"required": "Enter a name for the key."},
        help_text="The program that uses it, such as “nightly import”.",
    )
    owner = forms.ChoiceField(label="Belongs to", required=False)
    role = forms.ChoiceField(
        label="Role", choices=ROLE_CHOICES, initial=Role.MEMBER.value
    )
    scopes = forms.MultipleChoiceField(
        label="Scopes",
        choices=[(scope, scope) for scope in SCOPES],
        initial=["read"],
        error_messages={"required": "Choose at least one scope."},
    )
    namespaces = forms.CharField(
        label="Only these namespaces",
        required=False,
        widget=forms.Textarea({"spellcheck": "false"}),
        help_text="Names or ids, one in each line. The key cannot see any other "
        "namespace, nor anything of the organization; its scopes are single rights in "
        "place of “read”. Empty: all namespaces.",
    )
    expires = forms.ChoiceField(label="Expires", choices=_EXPIRIES, initial="90")
    expires_on = forms.DateField(
        label="Date",
        required=False,
        widget=forms.DateInput({"type": "date"}),
        help_text="The key expires at the end of this day (UTC).",
    )

    def __init__(
        self,
        actor: Actor,
        accounts: Sequence[ServiceAccount],
        named: NamedNamespaces,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Offer the roles that the actor may give, and the active service accounts."""
        super().__init__(*args, **kwargs)
        self.named = named
        _offer(self.fields["role"], [(r.value, role_word(r)) for r in grantable(actor)])
        theirs = [(a.account_id, f"Service account {a.name}") for a in accounts]
        mine = (_MYSELF, "You; it ends when you leave")
        _offer(self.fields["owner"], [mine, *theirs])
        ends = _ends()
        _offer(self.fields["expires"], ends)
        if not any(value == "90" for value, _ in ends):
            self.fields["expires"].initial = ends[-1][0]

    @property
    def scope_groups(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """Return the scopes in groups: title, and of each value, meaning, is chosen."""
        chosen = self["scopes"].value() or []
        groups = {"Whole areas": BROAD_SCOPES, "Single rights": tuple(SINGLE_SCOPES)}
        return [
            (title, [(s, SCOPE_MEANINGS[s], s in chosen) for s in scopes])
            for title, scopes in groups.items()
        ]

    def clean_namespaces(self) -> frozenset[str] | None:
        """Return the ids of the named namespaces; None without any."""
        lines = self.cleaned_data["namespaces"].splitlines()
        texts = {line.strip() for line in lines} - {""}
        if not texts:
            return None
        if len(texts) > MAX_NAMESPACES:
            raise forms.ValidationError(f"Name at most {MAX_NAMESPACES} namespaces.")
        found = self.named.find(texts)
        if unknown := texts - found.keys():
            samples = set(self.named.samples(unknown))
            said = (_missing(sorted(unknown - samples)), _samples(sorted(samples)))
            raise forms.ValidationError(" ".join(filter(None, said)))
        return frozenset(found.values())

    def clean(self) -> dict[str, Any]:
        """Check each valid field by the rules of keys, so that all faults come at once.

        A date is required if one was chosen.
        """
        data = super().clean()
        if data.get("expires") == "date" and "expires_on" not in self.errors:
            day: date | None = data.get("expires_on")
            if day is None:
                self.add_error("expires_on", "Enter the last day of the key.")
        for check in (self._check_name, self._check_reach, self._check_end):
            try:
                check(data)
            except Invalid as fault:
                self.take(fault)
        return data

    def _check_name(self, data: Mapping[str, Any]) -> None:
        if "name" in data:
            management.checked_name(data["name"])

    def _check_reach(self, data: Mapping[str, Any]) -> None:
        # Texts that name no namespace limit the key as others do.
        reach = data.get("namespaces", frozenset({""}))
        if "scopes" in data:
            management.require_scopes(frozenset(data["scopes"]), reach)

    def _check_end(self, data: Mapping[str, Any]) -> None:
        if "expires" in data and "expires_on" in data:
            management.require_end(_end(data["expires"], data["expires_on"]))

    def wish(self) -> KeyRequest:
        """Return the valid input as a request for a key."""
        data = self.cleaned_data
        owner = data["owner"]
        return KeyRequest(
            key_id=self.act_id,
            name=data["name"],
            role=Role(data["role"]),
            scopes=frozenset(data["scopes"]),
            expires_at=_end(data["expires"], data["expires_on"]),
            account_id="" if owner in ("", _MYSELF) else owner,
            namespace_ids=data["namespaces"],
        )


class RotationForm(OneTimeForm):
    """How long the old secret of a rotated key works on."""

    salt = "nsadmin.key-rotation-form"
    new_act_id = staticmethod(new_key_id)

    overlap = forms.ChoiceField(
        label="The old secret works for",
        choices=[
            ("none", "No longer"),
            ("hour", "1 hour"),
            ("day", "24 hours"),
            ("week", "7 days"),
        ],
        initial="day",
        help_text="Time to bring the new secret to every program that uses the key.",
    )

    @property
    def wanted(self) -> timedelta:
        """The chosen time of a valid form."""
        return OVERLAPS[self.cleaned_data["overlap"]]


class ServiceAccountForm(OneTimeForm):
    """A new service account."""

    salt = "nsadmin.service-account-form"
    new_act_id = staticmethod(service_accounts.new_account_id)

    name = forms.CharField(
        label="Name",
        max_length=NAME_MAX,
        error_messages={"required": "Enter a name for the service account."},
        help_text="The program, such as “ingest pipeline”. The audit log names it.",
    )
    purpose = forms.CharField(
        label="Purpose",
        required=False,
        max_length=PURPOSE_MAX,
        help_text="What it does, and who looks after it.",
    )


def _missing(texts: Sequence[str]) -> str:
    """Return which texts name no namespace; empty without any."""
    if len(texts) == 1:
        return f"There is no namespace named {_quoted(texts)}."
    return f"There are no namespaces named {_quoted(texts)}." if texts else ""


def _samples(texts: Sequence[str]) -> str:
    """Return which texts name a system sample; empty without any."""
    if not texts:
        return ""
    are = "is a system sample" if len(texts) == 1 else "are system samples"
    return f"{_quoted(texts)} {are}, which a key for chosen namespaces cannot have."


def _quoted(texts: Sequence[str]) -> str:
    named = ", ".join(f"“{text[:100]}”" for text in texts[:_MOST_NAMED])
    more = len(texts) - _MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _offer(field: Any, choices: Sequence[tuple[str, str]]) -> None:
    field.choices = choices


def _ends() -> list[tuple[str, str]]:
    """Return the expiries that the settings allow."""
    longest = settings.NSADMIN_KEY_MAX_DAYS
    if not longest:
        return _EXPIRIES
    kept = [
        (v, w)
        for v, w in _EXPIRIES
        if v == "date" or _DAYS.get(v, 0) in range(1, longest)
    ]
    return [*kept, ("longest", f"In {longest:,} days, the longest")]


def _end(chosen: str, day: date | None) -> datetime | None:
    if chosen == "date" and day is not None:
        return datetime.combine(day, time(23, 59, 59), UTC)
    longest = settings.NSADMIN_KEY_MAX_DAYS
    days = longest if chosen == "longest" else _DAYS.get(chosen)
    return timezone.now() + timedelta(days=days) if days else None
