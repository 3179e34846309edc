"""allauth's hooks: sign-up is closed, refusals tell nothing, locks are noted.

Invitations by mail, second factors and single sign-on are allauth's to add; accounts
are made by administrators until then.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth import authenticate
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from nsadmin.access.web import lockouts, sign_in

# "Signed in as …" above the page says nothing that the page lacks.
_SILENT = {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}


class ClosedAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody makes an account for themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Always closed."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt; beyond the limit refuse it and note the lock."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            lockouts.record_lockout(str(credentials.get("email", "")))
            raise

    def authenticate(
        self, request: HttpRequest, **credentials: Any
    ) -> AbstractBaseUser | None:
        """Check a password; an account that is switched off is as good as none.

        allauth would let its right password through, to a page that says so: that
        would tell a guesser that the password was right.
        """
        self.pre_authenticate(request, **credentials)
        user = authenticate(request, **credentials)
        AuthenticationBackend.unstash_authenticated_user()
        if user is not None:
            self._rollback_login_failed_rl_usage()
        return user

    def post_login(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Go on to where it was meant to lead, with a word on a form that was lost."""
        response: HttpResponse = super().post_login(request, *args, **kwargs)
        sign_in.report_unsent(request, response)
        return response

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Pass on what is news, such as a changed password."""
        if message_template not in _SILENT:
            super().add_message(request, level, message_template, *args, **kwargs)
