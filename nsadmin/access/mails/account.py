"""Mails about a person's own account: the link that sets a password, and notices."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from nsadmin.access.models import User
from nsadmin.mail import outbox
from nsadmin.mail.kinds import Asked, register
from nsadmin.mail.letters import Letter, harmless, render

_RESET: Final = "password-reset"
_NOTICE: Final = "notice"
_SIGN_IN: Final = "sign-in"
# A later link would come when the person has found another way, or forgotten about it.
_RESET_LASTS: Final = timedelta(hours=2)
# In the link of a reset this stands where its secret will.
_PLACE: Final = "UID-KEY"

# {allauth's name of a mail: what happened}.
NOTICES: Final = {
    "account/email/password_changed": "The password of your account was changed.",
    "account/email/password_set": "The password of your account was set.",
    "account/email/password_reset": "The password of your account was reset by a link.",
    "mfa/email/totp_activated": "An authenticator app was set up for your account.",
    "mfa/email/totp_deactivated": "The authenticator app of your account was removed.",
    "mfa/email/webauthn_added": "A passkey was added to your account.",
    "mfa/email/webauthn_removed": "A passkey of your account was removed.",
    "mfa/email/recovery_codes_generated": (
        "New recovery codes were made for your account."
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request came from: the browser in words, and the IP address."""

    browser: str
    address: str


def ask_reset(address: str, link: str) -> None:
    """Ask for the link that sets a password, for any address that was typed.

    Whether it has an account is looked up when the mail is sent, so that neither the
    answer nor its time tells. `link` has UID-KEY where the secret will stand: it is
    made then too, and stored nowhere.
    """
    outbox.ask(_RESET, address, {"link": link}, lasts=_RESET_LASTS)


@register(_RESET)
def _reset(asked: Asked) -> Letter | None:
    user = User.objects.filter(email=asked.recipient, is_active=True).first()
    if user is None:
        return None
    link = asked.data["link"].replace(_PLACE, reset_key(user))
    values = {"email": user.email, "link": link, "link_word": "Choose a password"}
    return render("password_reset", values)


def reset_key(user: User) -> str:
    """Return the secret part of a link that sets the password of a person.

    It works once, for PASSWORD_RESET_TIMEOUT seconds, and until the next sign-in.
    """
    # Only a process with the registry of apps can import them.
    from allauth.account.forms import default_token_generator
    from allauth.account.utils import user_pk_to_url_str

    return f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"


def notify(name: str, address: str, place: Place) -> None:
    """Tell a person what was changed about their account; `name` is one of NOTICES."""
    outbox.ask(_NOTICE, address, {"name": name, **_facts(place)})


@register(_NOTICE)
def _notice(asked: Asked) -> Letter | None:
    what = NOTICES.get(asked.data["name"])
    if what is None:
        return None
    return render("notice", {"what": what, **_shown(asked.data)})


def notify_sign_in(address: str, place: Place) -> None:
    """Tell a person of a sign-in from a place that their account did not know."""
    outbox.ask(_SIGN_IN, address, _facts(place))


@register(_SIGN_IN)
def _sign_in(asked: Asked) -> Letter:
    return render("sign_in", _shown(asked.data))


def _facts(place: Place) -> dict[str, str]:
    at = timezone.now().isoformat()
    return {"browser": place.browser, "address": place.address, "at": at}


def _shown(data: Any) -> dict[str, Any]:
    return {
        "browser": harmless(data["browser"]),
        "address": data["address"] or "unknown",
        "at": datetime.fromisoformat(data["at"]),
    }
