"""The form that changes the expiry of a namespace."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from nsadmin.namespaces.lifecycle import expiry
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.pages.common.forms.base import ChangeForm

_CHOICES = [
    ("1", "In 1 day"),
    ("7", "In 7 days"),
    ("30", "In 30 days"),
    ("date", "On a date"),
    ("never", "Never"),
]


class EndForm(ChangeForm):
    """The new expiry of a namespace, relative to now or as a date."""

    paths: ClassVar[Mapping[str, str]] = {
        "expires_at": "ends_on",
        "ttl_seconds": "ends",
    }

    ends = forms.ChoiceField(
        label="Expires",
        choices=_CHOICES,
        error_messages={"required": "Choose when it expires."},
    )
    ends_on = forms.DateField(
        label="Date",
        required=False,
        widget=forms.DateInput({"type": "date"}),
        help_text="Expires at the end of this day (UTC).",
    )

    @classmethod
    def usual(cls, namespace: Namespace) -> "EndForm":
        """Return the form with its default: a week, or never without an expiry."""
        return cls(initial={"ends": "7" if namespace.expires_at else "never"})

    def clean(self) -> dict[str, Any]:
        """Require a day if "On a date" was chosen."""
        data = self.cleaned_data
        unknown = "ends_on" not in self.errors and data.get("ends_on") is None
        if data.get("ends") == "date" and unknown:
            self.add_error("ends_on", "Enter the last day of the namespace.")
        return data

    def __init__(
        self, *args: Any, planned: datetime | None = None, **kwargs: Any
    ) -> None:
        """Take the time that a plan has fixed for a choice such as `in 7 days`."""
        super().__init__(*args, **kwargs)
        self.planned = planned

    def end(self) -> datetime | None:
        """Return the chosen expiry, None for never, or raise Invalid."""
        if self.planned is not None:
            return self.planned
        chosen, day = self.cleaned_data["ends"], self.cleaned_data["ends_on"]
        now = timezone.now()
        body: dict[str, Any] = {"expires_at": None}
        if chosen == "date":
            body["expires_at"] = datetime.combine(
                day, time(23, 59, 59), UTC
            ).isoformat()
        elif chosen != "never":
            body = {"ttl_seconds": int(timedelta(days=int(chosen)).total_seconds())}
        return expiry.end_from(body, now)
