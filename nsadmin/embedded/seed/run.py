"""The seed: people, then namespaces, then the content of `demo.json`."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from nsadmin.access.actor import SYSTEM
from nsadmin.embedded.seed.catalogue import NAMESPACES
from nsadmin.embedded.seed.history.write import write_history
from nsadmin.embedded.seed.write.namespaces import listed_namespaces, write_namespaces
from nsadmin.embedded.seed.write.people import api_keys, logins, write_people
from nsadmin.errors import NotFound
from nsadmin.namespaces.lifecycle import expiry


@dataclass(frozen=True, slots=True)
class SeedResult:
    """Content of `demo.json`: passwords and keys in plain text, and the namespaces."""

    logins: list[dict[str, str]]
    api_keys: list[dict[str, str]]
    namespaces: list[dict[str, str]]


def run(report: Callable[[str], None]) -> SeedResult:
    """Write the missing data; a second run writes nothing and returns the same."""
    write_people()
    report("people and organizations")
    now = timezone.now()
    write_namespaces(report, now=now)
    if write_history(now, report):
        report("six days of history")
    _warn_of_expiry(now)
    return SeedResult(
        logins=logins(), api_keys=api_keys(), namespaces=listed_namespaces()
    )


def _warn_of_expiry(now: datetime) -> None:
    """Send expiry warnings now, as the next run of the schedule would."""
    for spec in NAMESPACES:
        if spec.expires_in:
            with suppress(NotFound):  # it has expired or was deleted
                expiry.warn(SYSTEM, spec.namespace_id, now)
