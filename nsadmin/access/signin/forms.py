"""Forms of second factors with our words."""

from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms

_WIDGET = {"maxlength": 32, "inputmode": "text", "spellcheck": "false"}


def _code(label: str, hint: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=32,
        widget=forms.TextInput(_WIDGET),
        help_text=hint,
        error_messages={"required": "Enter a code."},
    )


class SignInCodeForm(AuthenticateForm):  # type: ignore[misc]
    """The second step of signing in."""

    code = _code("Code", "From your authenticator app, or a recovery code.")


class ConfirmCodeForm(ReauthenticateForm):  # type: ignore[misc]
    """A code again, before something that matters."""

    code = _code("Code", "From your authenticator app, or a recovery code.")


class AppForm(ActivateTOTPForm):  # type: ignore[misc]
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
