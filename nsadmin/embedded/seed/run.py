"""The whole seed: people, then namespaces, then what a person needs to know of them."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from nsadmin.embedded.seed.write_namespaces import shown, write_namespaces
from nsadmin.embedded.seed.write_people import api_keys, logins, write_people


@dataclass(frozen=True, slots=True)
class SeedResult:
    """What `demo.json` tells: passwords and keys in plain text, and the namespaces."""

    logins: list[dict[str, str]]
    api_keys: list[dict[str, str]]
    namespaces: list[dict[str, str]]


def run(report: Callable[[str], None]) -> SeedResult:
    """Write what is missing; a second run writes nothing and tells the same."""
    write_people()
    report("people and organizations")
    write_namespaces(report, now=timezone.now())
    return SeedResult(logins=logins(), api_keys=api_keys(), namespaces=shown())
