"""An identity provider and the domains whose people sign in through it."""

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
)

from nsadmin.access.permissions import ORGANIZATION_ROLES, Role

# The longest secret of a client, as allauth keeps it.
MOST_SECRET = 191
_ID = r"^[a-z0-9][a-z0-9-]{0,39}$"
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
# A file of the operator is read up to this size, which metadata of one provider is far
# from.
_MOST_FILE_BYTES = 1 << 20

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
ProviderId = Annotated[str, StringConstraints(pattern=_ID)]


def _tuple(value: Any) -> Any:
    """Return a list of JSON as the tuple that a frozen model holds."""
    return tuple(value) if isinstance(value, list) else value


Texts = Annotated[tuple[Text, ...], BeforeValidator(_tuple)]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True
    )


class DomainRule(_Part):
    """A domain that the operator bound to a provider, and what it gives access to.

    `provision` lets the provider create users with `role`; otherwise an admin invites
    them. `required` ends sign-in by password for addresses of the domain.
    """

    domain: Text
    organization_id: Text
    role: Literal["viewer", "member", "admin"] = "viewer"
    provision: bool = False
    required: bool = False

    @field_validator("domain")
    @classmethod
    def _lower(cls, value: str) -> str:
        value = value.lower()
        if not is_domain(value):
            raise ValueError("is not the name of a domain, such as acme.example")
        return value

    @property
    def granted(self) -> Role:
        """The role of users that are created."""
        found = Role(self.role)
        assert found in ORGANIZATION_ROLES  # noqa: S101 - both lists are ours
        return found


Domains = Annotated[
    tuple[DomainRule, ...], BeforeValidator(_tuple), Field(min_length=1)
]


class _Provider(_Part):
    """What providers of both kinds have.

    `public` shows its button on the sign-in page. `second_factor` is "provider" where
    the provider itself asks for one. `origins` are further origins through which a
    sign-in is redirected, such as those of a provider behind the provider.
    """

    id: ProviderId
    name: Annotated[Text, StringConstraints(max_length=40)]
    public: bool = False
    second_factor: Literal["own", "provider"] = "own"
    origins: Texts = ()
    domains: Domains

    @field_validator("origins")
    @classmethod
    def _only_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(origin_of(each) != each for each in value):
            raise ValueError("must be origins, such as https://login.acme.example")
        return value

    def rule_for(self, domain: str) -> DomainRule | None:
        """Return what the operator bound this domain to; None for every other one."""
        return next((each for each in self.domains if each.domain == domain), None)


class OidcProvider(_Provider):
    """A provider of OpenID Connect.

    `email_verified` is "claim" where the provider says of each address whether it is
    verified; "domain" trusts every address of the bound domains.
    """

    kind: Literal["oidc"]
    server_url: Text
    client_id: Annotated[Text, StringConstraints(max_length=191)]
    client_secret: SecretStr = SecretStr("")
    client_secret_file: str = ""
    email_verified: Literal["claim", "domain"] = "claim"
    token_auth_method: Literal["", "client_secret_basic", "client_secret_post"] = ""

    @cached_property
    def secret(self) -> str:
        """The secret of the client, from the setting or from its file."""
        if self.client_secret_file:
            return content(self.client_secret_file).strip()
        return self.client_secret.get_secret_value()

    def read_files(self) -> None:
        """Read the file now: what is in it later counts after the next start."""
        _ = self.secret

    @property
    def issuer(self) -> str:
        """What the provider must call itself."""
        return self.server_url.partition("/.well-known/")[0]


class SamlProvider(_Provider):
    """A provider of SAML 2.0, known by its metadata, from a file or from its address.

    `entity_id` chooses among several in the metadata. `subject_attribute` names what
    never changes of a person, by default the NameID; the other attributes by default
    are the usual ones, and the NameID if its format is that of an address.
    """

    kind: Literal["saml"]
    metadata_file: str = ""
    metadata_url: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    entity_id: str = ""
    subject_attribute: str = ""
    email_attribute: str = ""
    name_attribute: str = ""

    def read_files(self) -> None:
        """Read the file now: what is in it later counts after the next start."""
        _ = self.metadata

    @cached_property
    def metadata(self) -> str | None:
        """The metadata of the file; None where it has an address."""
        if not self.metadata_file:
            return None
        return content(self.metadata_file)


Provider = OidcProvider | SamlProvider


def is_domain(text: str) -> bool:
    """Tell whether a text in small letters is the name of a domain."""
    return _DOMAIN.fullmatch(text) is not None


def is_provider_id(text: str) -> bool:
    """Tell whether a provider may have this id."""
    return re.fullmatch(_ID, text) is not None


def content(name: str) -> str:
    """Return the text of a file; raise ValueError if it cannot be read."""
    try:
        with Path(name).open(encoding="utf-8") as file:
            text = file.read(_MOST_FILE_BYTES + 1)
    except (OSError, ValueError):  # also for bytes or a name that are no text
        raise ValueError("names a file that cannot be read") from None
    if len(text) > _MOST_FILE_BYTES:
        raise ValueError("names a file that is too large")
    return text


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL; "" for what is no http address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("https", "http") or not host or parts.username is not None:
        return ""
    # Nothing that ends a source of a Content-Security-Policy or begins a wildcard.
    if not re.fullmatch(r"[A-Za-z0-9.:-]+", host):
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")
