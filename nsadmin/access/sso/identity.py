"""What an identity provider said about a person, after its signature was checked."""

import unicodedata
from dataclasses import dataclass
from typing import Final, TypeGuard

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from nsadmin import names
from nsadmin.access.models import NAME_MAX
from nsadmin.access.providers.configured import domain_of
from nsadmin.access.providers.definition import OidcProvider, Provider
from nsadmin.errors import Invalid

# The longest subject that allauth keeps.
_MOST_SUBJECT: Final = 191
# Control characters, of which PostgreSQL refuses NUL, and halves of surrogates, which
# no encoding has.
_NOT_KEPT: Final = ("Cc", "Cs")


@dataclass(frozen=True, slots=True)
class Identity:
    """A person at a provider: `subject` never changes there, the address may.

    `is_verified` is what the provider says about the address, None if it says nothing.
    """

    provider: Provider
    subject: str
    email: str
    name: str = ""
    is_verified: bool | None = None

    @property
    def domain(self) -> str:
        """The domain of the address."""
        return domain_of(self.email)

    @property
    def has_proven_address(self) -> bool:
        """Whether the person owns the address, as far as the operator trusts this."""
        provider = self.provider
        if isinstance(provider, OidcProvider) and provider.email_verified == "claim":
            return self.is_verified is True
        return self.is_verified is not False


@dataclass(frozen=True, slots=True)
class Evidence:
    """An identity with what ties it to the request that it answers.

    `nonce` is that of an ID token; an assertion of SAML names its request instead.
    `proved_at` is when the person last proved to the provider who they are, in seconds
    since 1970, 0 if it is not known.
    """

    identity: Identity
    nonce: str
    proved_at: float


def is_subject(value: object) -> TypeGuard[str]:
    """Tell whether a provider's subject can be kept; it is compared as it is."""
    if not isinstance(value, str) or not 1 <= len(value) <= _MOST_SUBJECT:
        return False
    return not any(unicodedata.category(each) in _NOT_KEPT for each in value)


def clean_address(value: object) -> str:
    """Return an address in small letters; "" for what is none.

    Letters beyond ASCII are refused: some of them turn into ASCII in small letters, so
    an address could be taken for another one.
    """
    text = value.strip() if isinstance(value, str) else ""
    try:
        validate_email(text)
    except ValidationError:
        return ""
    return text.lower() if text.isascii() and len(text) <= 254 else ""


def clean_name(value: object) -> str:
    """Return a person's name for one line; "" for what is none."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    try:
        return names.clean(text, at="name", longest=NAME_MAX)
    except Invalid:
        return ""


def truth(value: object) -> bool | None:
    """Return a claim that is true or false; some providers send it as a word."""
    words = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    return words.get(value.lower()) if isinstance(value, str) else None
