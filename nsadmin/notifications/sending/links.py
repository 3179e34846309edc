"""The addresses of pages in messages."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from nsadmin.access.site import site
from nsadmin.notifications import kinds
from nsadmin.notifications.models import Event


def page_of(event: Event) -> str:
    """Return the address of the page about an event; empty if it is not known."""
    return _at(_path(event.kind, event.facts))


def choices() -> str:
    """Return the address of the page on which people choose their mails."""
    return _at(reverse("account_notifications"))


def _at(path: str) -> str:
    base = site()
    return f"{base}{path}" if base else ""


def _path(kind: str, facts: Mapping[str, Any]) -> str:
    if job_id := facts.get("job_id"):
        return reverse("job", args=[job_id])
    if kind == kinds.DRIFT:
        return reverse("drift", args=[facts["namespace_id"]])
    if namespace_id := facts.get("namespace_id"):
        return reverse("overview", args=[namespace_id])
    if kind == kinds.KEY_EXPIRING:
        return reverse("organization_keys")
    if kind in (kinds.TURNED_OFF, kinds.TEST):
        return reverse("organization_notifications")
    return reverse("organization_support")
