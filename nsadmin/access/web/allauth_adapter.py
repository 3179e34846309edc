"""allauth's hooks: sign-up is closed, refusals reveal nothing, lockouts are audited.

Accounts are created by invitation or by the `organization` command.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth import authenticate
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from nsadmin.access.models import User
from nsadmin.access.sso import policy
from nsadmin.access.web import lockouts, sign_in
from nsadmin.access.web.client_address import client_address
from nsadmin.access.web.mail_adapter import QueuedMailAdapter

# "Signed in as …" repeats the account button of the page.
_SILENT = {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}
_TOO_MANY = "Too many wrong attempts. Wait five minutes, then try again."
_FACTOR_STAGE = "nsadmin.access.sso.policy.FactorStage"


class ClosedAdapter(QueuedMailAdapter):
    """The adapter of a site without sign-up."""

    error_messages: ClassVar[Mapping[str, Any]] = {
        **QueuedMailAdapter.error_messages,
        "email_password_mismatch": "The address or the password is not right.",
        "too_many_login_attempts": _TOO_MANY,
        "rate_limited": _TOO_MANY,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Always closed."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that limits count by and that sessions show."""
        return client_address(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt; beyond a limit refuse it and audit the lockout.

        Raises ValidationError. allauth has one limit for an address, whoever sends the
        attempts, by which a stranger could keep the owner out.
        """
        email = str(credentials.get("email", ""))
        self._login_failed_rl_usage = lockouts.count_attempt(request, email)
        if self._login_failed_rl_usage is None:
            lockouts.record_lockout(email)
            raise self.validation_error("too_many_login_attempts")

    def authenticate(
        self, request: HttpRequest, **credentials: Any
    ) -> AbstractBaseUser | None:
        """Check a password; refuse an inactive account as if it did not exist.

        allauth would accept its password and redirect to a page for inactive accounts,
        which would confirm the password to an attacker.
        """
        self.pre_authenticate(request, **credentials)
        user = authenticate(request, **credentials)
        AuthenticationBackend.unstash_authenticated_user()
        typed = str(credentials.get("email", ""))
        policy.require_password_allowed(typed, user if isinstance(user, User) else None)
        if user is not None:
            self._rollback_login_failed_rl_usage()
        return user

    def get_login_stages(self) -> list[str]:
        """Return what is asked between the first factor and the session."""
        ours = {"allauth.mfa.stages.AuthenticateStage": _FACTOR_STAGE}
        return [ours.get(each, each) for each in super().get_login_stages()]

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> Any:
        """Refuse who did not come through the provider that their domain requires."""
        refused = policy.refuse_other_ways(request, user)
        return refused or super().pre_login(request, user, **kwargs)

    def get_password_change_redirect_url(
        self,
        request: HttpRequest,  # noqa: ARG002
    ) -> str:
        """Return the page from which one changes the password."""
        return reverse("account")

    def post_login(
        self, request: HttpRequest, user: User, *args: Any, **kwargs: Any
    ) -> Any:
        """Redirect to the requested page, with a warning if a form was not saved."""
        policy.record_way_around(request, user)
        response: HttpResponse = super().post_login(request, user, *args, **kwargs)
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
        """Add allauth's message, except those of _SILENT."""
        if message_template not in _SILENT:
            super().add_message(request, level, message_template, *args, **kwargs)
