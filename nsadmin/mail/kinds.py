"""The kinds of mails, each with the function that makes its content.

The content is made when the mail is sent, so that it tells what holds then: who has
withdrawn an invitation, or switched an account off, has ended its mail too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nsadmin.mail.letters import Letter


@dataclass(frozen=True, slots=True)
class Asked:
    """A mail that was asked for: to whom, and what its kind needs to make it."""

    recipient: str
    data: Mapping[str, Any]


# It returns None for a mail that is no longer wanted.
Compose = Callable[[Asked], Letter | None]
_composers: dict[str, Compose] = {}


def register(kind: str) -> Callable[[Compose], Compose]:
    """Return the decorator of the function that makes mails of a kind."""

    def keep(compose: Compose) -> Compose:
        _composers[kind] = compose
        return compose

    return keep


def composer(kind: str) -> Compose | None:
    """Return the function of a kind; None for one that this release does not know."""
    return _composers.get(kind)
