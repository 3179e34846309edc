"""The second factors of a person, as pages show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator

from nsadmin.access.models import User

_TYPES = Authenticator.Type


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey; `signs_in_alone` if it can replace the password."""

    pk: int
    name: str
    signs_in_alone: bool
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person has beside the password; `codes_left` is None without codes."""

    app_since: datetime | None = None
    app_used_at: datetime | None = None
    codes_left: int | None = None
    passkeys: tuple[Passkey, ...] = ()

    @property
    def is_on(self) -> bool:
        """Whether sign-in asks for more than the password."""
        return self.app_since is not None or bool(self.passkeys)


def factors_of(user: User) -> Factors:
    """Return the second factors of a person, the oldest passkey first."""
    rows = Authenticator.objects.filter(user=user).order_by("created_at", "pk")
    return _collected(rows)


def has_app(user: User) -> bool:
    """Return whether an app makes codes for the person."""
    return bool(Authenticator.objects.filter(user=user, type=_TYPES.TOTP).exists())


def _collected(rows: Iterable[Authenticator]) -> Factors:
    since = used = left = None
    passkeys = []
    for row in rows:
        match row.type:
            case _TYPES.TOTP:
                since, used = row.created_at, row.last_used_at
            case _TYPES.RECOVERY_CODES:
                left = len(row.wrap().get_unused_codes())
            case _:
                passkeys.append(_passkey(row))
    return Factors(since, used, left, tuple(passkeys))


def _passkey(row: Authenticator) -> Passkey:
    made = row.wrap()
    return Passkey(
        pk=row.pk,
        name=made.name,
        signs_in_alone=bool(made.is_passwordless),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
    )
