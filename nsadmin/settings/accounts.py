"""Accounts: who may sign in, with which passwords, and where they land."""

from typing import Any

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
]
_VALIDATION = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": _VALIDATION + "UserAttributeSimilarityValidator"},
    {"NAME": _VALIDATION + "MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": _VALIDATION + "CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "nsadmin.access.web.allauth_adapter.ClosedAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_PREVENT_ENUMERATION = True
# Wrong passwords at sign-in: from one sender for one address, from one sender, and for
# one address from all senders. The last limit is higher, so that no single sender can
# keep the owner of an address out. Then wrong codes of one person's second factor, and
# attempts to enter the password again, to accept an invitation, to sign in through a
# provider, and to ask for a link that sets the password.
ACCOUNT_RATE_LIMITS = {
    "sign_in_of_sender": "5/300s/key",
    "sign_in": "10/m/ip,30/300s/key",
    "login_failed": "10/m/ip,5/300s/key",
    "reauthenticate": "10/300s/user",
    "join": "30/m/ip",
    "sso": "60/m/ip",
    "reset_password": "20/m/ip,5/h/key",
}
ACCOUNT_FORMS = {
    "login": "nsadmin.access.signin.password_forms.SignInForm",
    "change_password": "nsadmin.access.signin.password_forms.ChangeForm",
    "reset_password": "nsadmin.access.signin.reset.ResetForm",
    "reset_password_from_key": "nsadmin.access.signin.password_forms.ResetKeyForm",
}
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# For this many seconds a link sets the password.
PASSWORD_RESET_TIMEOUT = 24 * 3600
# A password or a code counts for this many seconds (`nsadmin.access.web.step_up`).
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
SOCIALACCOUNT_ADAPTER = "nsadmin.access.sso.adapter.ProviderAdapter"
# The providers themselves are those of NSADMIN_SSO.
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"provider_class": "nsadmin.access.sso.oidc.OpenIdProvider"},
    "saml": {"provider_class": "nsadmin.access.sso.saml.SamlSignIn"},
}
MFA_ADAPTER = "nsadmin.access.signin.mfa_adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "nsadmin"
# The code before the current one is valid, and the one after it: clocks differ, and
# typing takes time. Each counts once (`nsadmin.access.signin.used_codes`).
MFA_TOTP_TOLERANCE = 1
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Addresses come from an invitation; there is no sign-up that could take another's.
MFA_ALLOW_UNVERIFIED_EMAIL = True
_FORMS = "nsadmin.access.signin.forms."
MFA_FORMS = {
    "authenticate": _FORMS + "SignInCodeForm",
    "reauthenticate": _FORMS + "ConfirmCodeForm",
    "activate_totp": _FORMS + "AppForm",
    "add_webauthn": _FORMS + "PasskeyForm",
}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
