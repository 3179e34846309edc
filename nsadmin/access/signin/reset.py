"""The form that asks for a link to set one's password."""

from typing import Any

from allauth.account.forms import ResetPasswordForm
from django.http import HttpRequest
from django.urls import reverse

from nsadmin.access.mails import account


class ResetForm(ResetPasswordForm):  # type: ignore[misc]
    """allauth's form, which leaves everything about the account to a worker."""

    def clean_email(self) -> str:
        """Accept every address; whether it has an account is looked up later."""
        self.users: list[Any] = []
        return str(self.cleaned_data["email"]).lower()

    def save(self, request: HttpRequest, **_kwargs: Any) -> str:
        """Ask for the mail, and return the address."""
        address: str = self.cleaned_data["email"]
        place = {"uidb36": "UID", "key": "KEY"}
        path = reverse("account_reset_password_from_key", kwargs=place)
        account.ask_reset(address, request.build_absolute_uri(path))
        return address
