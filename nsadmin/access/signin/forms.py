"""Forms of second factors with our words."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms

from nsadmin.access.signin import used_codes

_WIDGET = {"maxlength": 32, "inputmode": "text", "spellcheck": "false"}


def _code(label: str, hint: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=32,
        widget=forms.TextInput(_WIDGET),
        help_text=hint,
        error_messages={"required": "Enter a code."},
    )


class _CodeOnce:
    """Lets a code count once, for sign-in, set-up and confirming together."""

    user: Any
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        """Return a valid code; raise ValidationError for a wrong or a used one.

        A used code is refused before allauth looks at it: to accept it there would
        forget the wrong attempts.
        """
        typed = self.cleaned_data["code"]
        if not used_codes.is_used(self.user, typed):
            code = str(super().clean_code())  # type: ignore[misc]
            if used_codes.use(self.user, code):
                return code
        raise get_adapter().validation_error("incorrect_code")


class SignInCodeForm(_CodeOnce, AuthenticateForm):  # type: ignore[misc]
    """The second step of signing in."""

    code = _code("Code", "From your authenticator app, or a recovery code.")


class ConfirmCodeForm(_CodeOnce, ReauthenticateForm):  # type: ignore[misc]
    """A code again, before something that matters."""

    code = _code("Code", "From your authenticator app, or a recovery code.")


class AppForm(_CodeOnce, ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an app that is being set up."""

    code = _code("Code from the app", "Six digits that change every 30 seconds.")


class PasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A new passkey."""

    name = forms.CharField(
        label="Name",
        required=False,
        max_length=60,
        widget=forms.TextInput({"maxlength": 60}),
        help_text="The device or password manager that keeps it.",
    )
    passwordless = forms.BooleanField(
        label="Sign in with it alone",
        required=False,
        initial=True,
        help_text="Without the password. The device asks for a PIN or a fingerprint.",
    )
