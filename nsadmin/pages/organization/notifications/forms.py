"""The forms of a webhook: a new one, and a changed one."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core import signing

from nsadmin.access.models import NAME_MAX
from nsadmin.notifications.kinds import CHOSEN
from nsadmin.notifications.models import Webhook, new_webhook_id
from nsadmin.notifications.webhooks import Wish, secret_mark
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.forms.one_time import OneTimeForm

# Beside each format, what it is for.
_FORMATS: Mapping[str, str] = {
    Webhook.Format.SIGNED: "For programs: they verify the signature",
    Webhook.Format.SLACK: "For a chat that takes {“text”: …}; not signed",
}


class WebhookForm(ChangeForm):
    """Name, address and events; an empty address keeps the stored one."""

    name = forms.CharField(
        label="Name",
        max_length=NAME_MAX,
        error_messages={"required": "Enter a name for the webhook."},
    )
    address = forms.CharField(
        label="New address",
        required=False,
        max_length=1000,
        widget=forms.URLInput({"spellcheck": "false"}),
        help_text="It is stored encrypted. Leave it empty to keep the present one.",
    )
    kinds = forms.MultipleChoiceField(
        label="Events",
        choices=list(CHOSEN.items()),
        error_messages={"required": "Choose at least one event."},
    )

    @property
    def kind_choices(self) -> list[tuple[str, str, bool]]:
        """Return the events: value, words, is chosen."""
        chosen = self["kinds"].value() or []
        return [(kind, words, kind in chosen) for kind, words in CHOSEN.items()]

    def wish(self) -> Wish:
        """Return the valid input."""
        data = self.cleaned_data
        return Wish(name=data["name"], address=data["address"], kinds=data["kinds"])


class NewWebhookForm(OneTimeForm, WebhookForm):
    """The same, and the format."""

    salt = "nsadmin.webhook-form"
    new_act_id = staticmethod(new_webhook_id)

    format = forms.ChoiceField(
        label="Format",
        choices=Webhook.Format.choices,
        initial=Webhook.Format.SIGNED.value,
    )
    field_order = ("name", "address", "format", "kinds")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Require the address."""
        super().__init__(*args, **kwargs)
        address = self.fields["address"]
        address.label, address.required = "Address", True
        address.error_messages["required"] = "Enter the address of the webhook."
        address.help_text = "It begins with https:// and is stored encrypted."

    @property
    def format_choices(self) -> list[tuple[str, str, str, bool]]:
        """Return the formats: value, words, meaning, is chosen."""
        chosen = self["format"].value()
        return [
            (str(value), str(words), _FORMATS[value], value == chosen)
            for value, words in Webhook.Format.choices
        ]


class SecretForm(OneTimeForm):
    """The question whether a secret is replaced; its id says which secret is meant."""

    salt = "nsadmin.webhook-secret-form"

    def __init__(self, row: Webhook, *args: Any, **kwargs: Any) -> None:
        """Ask about the present secret of a webhook."""
        super().__init__(*args, **kwargs)
        self._row = row

    @property
    def once(self) -> str:
        """Return the signed mark of the present secret, for the hidden field."""
        return signing.dumps(secret_mark(self._row), salt=self.salt)
