"""The form that asks for a link to set one's password."""

from typing import Any

from allauth.account.forms import ResetPasswordForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse

from nsadmin.access.mails import account
from nsadmin.access.providers.configured import refusal_of
from nsadmin.access.signin.password_forms import ADDRESS_LABEL


class ResetForm(ResetPasswordForm):  # type: ignore[misc]
    """allauth's form, which leaves everything about the account to a worker."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = ADDRESS_LABEL

    def clean_email(self) -> str:
        """Accept every address; whether it has an account is looked up later.

        Only a domain that requires its provider is refused: a password opens nothing.
        """
        self.users: list[Any] = []
        email = str(self.cleaned_data["email"]).lower()
        if (refusal := refusal_of(email)) is not None:
            raise ValidationError(refusal, code="sso_required")
        return email

    def save(self, request: HttpRequest, **_kwargs: Any) -> str:
        """Ask for the mail, and return the address."""
        address: str = self.cleaned_data["email"]
        place = {"uidb36": "UID", "key": "KEY"}
        path = reverse("account_reset_password_from_key", kwargs=place)
        account.ask_reset(address, request.build_absolute_uri(path))
        return address
