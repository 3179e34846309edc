"""Forms of signing in with a password, and of passwords, with our words."""

from typing import Any

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
)
from django.http import HttpRequest

ADDRESS_LABEL = "E-mail address"
# The address of an account that was made in this session, until its form is shown.
_JOINED_KEY = "joined_as"
_NEW, _AGAIN = "New password", "New password again"


def remember_address(request: HttpRequest, address: str) -> None:
    """Let the next form to sign in have this address."""
    request.session[_JOINED_KEY] = address


class SignInForm(LoginForm):  # type: ignore[misc]
    """Address and password; the address is filled in after joining."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login = self.fields["login"]
        login.label = ADDRESS_LABEL
        if not self.is_bound and self.request is not None:
            login.initial = self.request.session.pop(_JOINED_KEY, "")

    @property
    def first_fault(self) -> str:
        """The name of the field to focus: the first that is to be filled in."""
        if self.is_bound:
            return "login" if "login" in self.errors else "password"
        return "password" if self.fields["login"].initial else "login"


class ChangeForm(ChangePasswordForm):  # type: ignore[misc]
    """A new password of a person who is signed in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = "Current password"
        self.fields["password1"].label = _NEW
        self.fields["password2"].label = _AGAIN


class ResetKeyForm(ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password of a person who followed the link of a mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _NEW
        self.fields["password2"].label = _AGAIN


class FirstPasswordForm(SetPasswordForm):  # type: ignore[misc]
    """The password of a new account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password2"].label = "Password again"
