"""The logins that the sign-in page of a demo offers, and where it may.

The demo's supervisor names the file of its logins by NSADMIN_DEMO_LOGINS. A system
check refuses the setting outside of a demo on this machine, and `nsadmin serve` refuses
it beyond the loopback address. A login is only what the file has an address and a
password of; whether they open an account is decided as if they had been typed.
"""

import json
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from nsadmin.access.models import Membership

Groups = dict[str, list["DemoPerson"]]


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A login of the demo; `also_in` names organizations beside the first one."""

    first_name: str
    email: str
    role: str
    also_in: list[str]


def passwords() -> dict[str, str]:
    """Return the password of each login by its address; none outside of a demo."""
    if not settings.NSADMIN_DEMO_LOGINS:
        return {}
    try:
        content = json.loads(Path(settings.NSADMIN_DEMO_LOGINS).read_bytes())
    except (OSError, ValueError):
        return {}
    return {login["email"]: login["password"] for login in content["logins"]}


def people_by_organization() -> Groups:
    """Return the logins that are active members, by the name of their organization."""
    groups: Groups = {}
    emails = passwords()
    if not emails:
        return groups
    known: dict[str, DemoPerson] = {}
    rows = Membership.objects.filter(user__email__in=emails, user__is_active=True)
    for row in rows.select_related("user", "organization").order_by("pk"):
        user, organization = row.user, row.organization.name
        if user.email in known:
            known[user.email].also_in.append(organization)
            continue
        role = user.platform_role or row.role
        first_name = str(user).split()[0]
        known[user.email] = DemoPerson(first_name, user.email, role, [])
        groups.setdefault(organization, []).append(known[user.email])
    return groups


@register("nsadmin")
def demo_alone(**_kwargs: Any) -> list[CheckMessage]:
    """E025 where NSADMIN_DEMO_LOGINS is set, but not by a demo on this machine."""
    is_demo = (
        settings.NSADMIN_EMBEDDED
        and settings.NSADMIN_INSECURE_HTTP
        and settings.NSADMIN_PROXY_COUNT == 0
        and all(map(_is_loopback, settings.ALLOWED_HOSTS))
    )
    if is_demo or not settings.NSADMIN_DEMO_LOGINS:
        return []
    message = "NSADMIN_DEMO_LOGINS is set: the sign-in page would ask for no password."
    hint = "Unset it; only `nsadmin demo` may set it, for pages of this machine."
    return [Error(message, hint=hint, id="nsadmin.E025")]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
