"""The form of a new namespace: name, extractors, first indexes, expiry."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4, uuid5

from django import forms
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Plan
from nsadmin.errors import Invalid, NsadminError
from nsadmin.namespaces.schema.creation import (
    DEFAULT_EXTRACTORS,
    NewNamespace,
    parse_new,
)
from nsadmin.namespaces.schema.extractors import REGISTRY
from nsadmin.namespaces.schema.limits import NAME_MAX, NAME_MIN
from nsadmin.pages.common.forms.extractor_options import (
    emptied,
    entry_of,
    key_of,
    parameter_fields,
)
from nsadmin.pages.common.forms.placement import TIERS, PlacementForm
from nsadmin.pages.namespace.forms.index_fields import AUTO_INDEX_HINT
from nsadmin.pages.namespace.forms.index_rows import (
    IndexRow,
    Texts,
    entry_of_row,
    rows_of,
)
from nsadmin.plans.creating import CreationChange
from nsadmin.templates.models import NamespaceTemplate

_DAY_S = 24 * 3600
_EXPIRIES = [
    ("never", "Never"),
    ("1", "After a day"),
    ("7", "After 7 days"),
    ("30", "After 30 days"),
    ("date", "On a date"),
]
_INDEXES = "payload_indexes"
_EXTRACTORS = "feature_extractors"


class NewNamespaceForm(PlacementForm):
    """The initial configuration of a namespace.

    `token` comes with the form: sending the same input with it again creates nothing
    more. `template` is the id of the template that filled the form.
    """

    paths: ClassVar[Mapping[str, str]] = {
        "ttl_seconds": "expires",
        _INDEXES: "index_field",
        _EXTRACTORS: "extractors",
    }

    token = forms.CharField(required=False)
    template = forms.CharField(required=False)
    namespace_name = forms.CharField(
        label="Name",
        strip=False,
        error_messages={"required": "A namespace needs a name."},
        widget=forms.TextInput({"spellcheck": "false"}),
        help_text=f"{NAME_MIN} to {NAME_MAX} characters, unique in the organization "
        "regardless of case.",
    )
    description = forms.CharField(
        label="Description",
        required=False,
        strip=False,
        widget=forms.Textarea,
    )
    extractors = forms.MultipleChoiceField(
        label="Extractors",
        choices=[(extractor_id, extractor_id) for extractor_id in REGISTRY],
        initial=[f"{name}_{version}" for name, version in DEFAULT_EXTRACTORS],
        error_messages={
            "required": "Choose at least one extractor that adds a vector."
        },
    )
    index_field = Texts(label="Payload indexes", required=False)
    index_type = Texts(required=False)
    index_schema = Texts(required=False)
    compute_tier = forms.ChoiceField(
        label="Tier", choices=TIERS, initial="shared", required=False
    )
    auto_create_indexes = forms.BooleanField(
        label="Automatic indexes",
        required=False,
        help_text=AUTO_INDEX_HINT,
    )
    expires = forms.ChoiceField(label="Expires", choices=_EXPIRIES, initial="never")
    expires_on = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput({"type": "date"}),
        help_text="Deleted at the end of this day (UTC).",
    )

    def __init__(
        self, templates: Mapping[str, NamespaceTemplate], *args: Any, **kwargs: Any
    ) -> None:
        """Take the usable templates as {template id: template}."""
        super().__init__(*args, **kwargs)
        self.templates = templates
        self.fields.update(parameter_fields())
        self.row_faults: dict[int, list[str]] = {}

    @property
    def fresh_token(self) -> str:
        """Return the token of the form: the one that was sent, or a new one."""
        given = _uuid(str(self["token"].value() or ""))
        return str(given or uuid4())

    @property
    def index_rows(self) -> list[IndexRow]:
        """Return the rows of the indexes with their errors, then blank rows."""
        asked = self.data.get("step") == "rows"
        return rows_of(self, self.row_faults, asks_for_more=asked)

    @property
    def index_faults(self) -> list[str]:
        """Return the errors of the indexes that belong to no row."""
        in_rows = {text for texts in self.row_faults.values() for text in texts}
        every = [str(text) for text in self["index_field"].errors]
        return [text for text in every if text not in in_rows]

    def clean(self) -> dict[str, Any]:
        """Refuse emptied parameters of chosen extractors, and a past day."""
        data: dict[str, Any] = super().clean()
        if _uuid(data["token"]) is None:
            self.add_error(None, "The form was incomplete. Send it again.")
        for extractor_id in data.get("extractors", []):
            for key, sentence in emptied(self, REGISTRY[extractor_id]).items():
                self.add_error(key, sentence)
        if data.get("expires") == "date" and "expires_on" not in self.errors:
            day: date | None = data.get("expires_on")
            if day is None:
                self.add_error("expires_on", "Enter the last day.")
            elif day < timezone.now().date():
                self.add_error(
                    "expires_on", "This day is in the past. Choose a later one."
                )
        return data

    def wanted(self, actor: Actor) -> NewNamespace:
        """Return the input as a new namespace, or raise Invalid."""
        chosen = self.templates.get(self.cleaned_data["template"])
        body = self.body(actor)
        if self.key is not None and self.place() is not None:
            body["infrastructure"]["qdrant_api_key"] = self.key.get_secret_value()
        wanted = parse_new(body)
        if chosen is None:
            return wanted
        return wanted.like_stored(chosen.configuration.get("payload_indexes") or [])

    @property
    def end(self) -> datetime | None:
        """The expiry where a day was chosen; None otherwise."""
        day: date | None = self.cleaned_data["expires_on"]
        if self.cleaned_data["expires"] != "date" or day is None:
            return None
        return datetime.combine(day + timedelta(days=1), time(), UTC)

    def change(self, actor: Actor) -> CreationChange:
        """Return the input as the request that a plan keeps, or raise Invalid."""
        return CreationChange(
            self.wanted(actor), self.act(actor), actor.organization_id, self.end
        )

    def body(self, actor: Actor) -> dict[str, Any]:
        """Return the body of the API call that creates the same, without the key."""
        data = self.cleaned_data
        chosen = self.templates.get(data["template"])
        body = {
            "namespace_name": data["namespace_name"],
            "description": data["description"].strip() or None,
            _EXTRACTORS: [entry_of(REGISTRY[e], data) for e in data["extractors"]],
            _INDEXES: [entry_of_row(row) for row in self.index_rows if row.name],
            "auto_create_indexes": data["auto_create_indexes"],
            "ttl_seconds": _seconds(data["expires"], self.end),
        }
        place = self.place() or {}
        if chosen is not None and actor.plan == Plan.ENTERPRISE:
            place = {**(chosen.configuration.get("infrastructure") or {}), **place}
        body["infrastructure"] = place or None
        return {key: value for key, value in body.items() if value is not None}

    def act(self, actor: Actor) -> UUID:
        """Return the idempotency id of this valid input and this actor."""
        fields = [(name, value.replace("\r\n", "\n")) for name, value in self.kept]
        whose = [actor.kind, actor.id, actor.organization_id]
        return uuid5(UUID(self.cleaned_data["token"]), json.dumps([whose, fields]))

    def take(self, error: NsadminError) -> None:
        """Add the errors of an index to its row as well."""
        filled = [row.number for row in self.index_rows if row.name]
        for path, sentences in (
            error.errors if isinstance(error, Invalid) else {}
        ).items():
            room, _, rest = path.partition(".")
            if room == _INDEXES and rest:
                number = filled[int(rest.partition(".")[0])]
                self.row_faults.setdefault(number, []).extend(sentences)
        super().take(error)

    def _field_at(self, path: str) -> str | None:
        room, _, rest = path.partition(".")
        if room == _EXTRACTORS and rest:
            number, _, inner = rest.partition(".")
            chosen = REGISTRY[self.cleaned_data["extractors"][int(number)]]
            key = key_of(chosen, inner.rpartition(".")[2])
            return key if key in self.fields else "extractors"
        return super()._field_at(room if room == _INDEXES else path)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _seconds(chosen: str, end: datetime | None) -> int | None:
    if end is not None:
        return int((end - timezone.now()).total_seconds()) + 1
    return None if chosen in ("never", "date") else int(chosen) * _DAY_S
