"""allauth's hooks: sign-up is closed, accounts are made by administrators."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody makes an account for themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Always closed."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Stay silent: "signed in as …" above the page says nothing the page lacks."""
