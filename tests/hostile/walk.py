"""Every page and fragment that shows the planted texts, asked for as staff and admin."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.signals import request_finished
from django.db import close_old_connections, transaction
from django.test import Client

from nsadmin.access.models import Organization
from nsadmin.access.web import step_up
from nsadmin.access.web.middleware import ORGANIZATION_SESSION_KEY
from tests.access.matrix import MATRIX
from tests.cast import Cast, assemble
from tests.conftest import emptied
from tests.hostile.planting import plant

# Where staff see more than an admin does.
STAFF = ("namespaces/", "namespaces/<namespace_id>/", "jobs/", "schedules/")
ALSO = (
    "namespaces/<clone_id>/",
    "namespaces/<buried_id>/deleted/",
    "jobs/<live_job_id>/",
    "namespaces/bulk/<done_id>/",
    "accounts/password/change/",
)
GATED = "namespaces/<namespace_id>/infrastructure/"
SEARCHED = ("namespaces/", "jobs/", "organization/audit/")
_INPUT = re.compile(r"<(?:input|textarea)\b[^>]*>")
_HIDDEN = re.compile(r'type="(hidden|checkbox|radio|password|search|submit)"')
_NAME = re.compile(r'\sname="([^"]+)"')


@dataclass(frozen=True)
class Shown:
    """One answer: where from, whether a fragment, and what it says."""

    place: str
    is_fragment: bool
    text: str
    headers: dict[str, str]


def shown(texts: list[str], *, submit: bool) -> list[Shown]:
    """Plant the texts in a world of their own and ask for everything in HTML."""
    with emptied():
        mark = transaction.savepoint()
        cast = assemble()
        values = plant(cast, texts)
        found = list(_pages(cast, values, texts))
        if submit:
            found += _submitted(cast, values, found, texts)
        transaction.savepoint_rollback(mark)
    return found


def _pages(cast: Cast, values: dict[str, str], texts: list[str]) -> Iterator[Shown]:
    admin, staff = signed_in(cast, "admin"), signed_in(cast, "platform_admin")
    addresses = [a for m, a in MATRIX if m == "GET" and not a.startswith("v1/")]
    for address in [*addresses, *ALSO, "v1/docs", "nowhere/"]:
        yield from _both(admin, _filled(address, values), address)
    for address in STAFF:
        yield from _both(staff, _filled(address, values), f"staff {address}")
    for number, address in enumerate(SEARCHED):
        query = {"search": texts[number]}
        yield from _both(admin, address, f"{address}?search", query)
    # Without a dedicated tier in the subscription, which is the last state of the world.
    Organization.objects.filter(pk=cast.northlight.pk).update(plan="pro")
    yield from _both(admin, _filled(GATED, values), f"on Pro {GATED}")


def _both(client: Client, path: str, place: str, query: Any = None) -> Iterator[Shown]:
    for headers in ({}, {"HX-Request": "true"}):
        response = client.get(f"/{path}", query, headers=headers)
        made = _kept(response, f"{place} {headers or ''}")
        if made is not None:
            yield made


def _submitted(
    cast: Cast, values: dict[str, str], pages: list[Shown], texts: list[str]
) -> list[Shown]:
    """Fill every form with the texts; what comes back shows them again."""
    found = []
    posts = [a for m, a in MATRIX if m == "POST" and not a.startswith("v1/")]
    for number, address in enumerate(posts):
        client = signed_in(cast, "admin")
        page = next((p for p in pages if p.place.startswith(f"{address} ")), None)
        fields = _fields(page.text if page else "")
        form = {n: texts[(number * 7 + i) % 40] for i, n in enumerate(fields)}
        form |= {"config": texts[number % 40], "reason": texts[number % 40]}
        path = f"/{_filled(address, values)}"
        for headers in ({}, {"HX-Request": "true"}):
            response = client.post(path, form, headers=headers)
            made = _kept(response, f"POST {address} {headers or ''}")
            found += [made] if made else []
            if response.status_code == 302:  # a message may repeat what was sent
                made = _kept(client.get("/namespaces/"), f"after {address}")
                found += [made] if made else []
    return found


def _fields(page: str) -> list[str]:
    return [
        name[1]
        for tag in _INPUT.findall(page)
        if not _HIDDEN.search(tag) and (name := _NAME.search(tag))
    ]


def _kept(response: Any, place: str) -> Shown | None:
    assert response.status_code < 500, (place, response.content[-900:])
    kind = response.headers.get("Content-Type", "")
    if not kind.startswith("text/html") or response.streaming:
        _close(response)
        return None
    text = response.content.decode()
    is_fragment = "<html" not in text
    return Shown(place, is_fragment, text, dict(response.headers)) if text else None


def _close(response: Any) -> None:
    """Close it as a server does, but keep the connection of the test's transaction."""
    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)


def _filled(address: str, values: dict[str, str]) -> str:
    for placeholder, value in values.items():
        address = address.replace(placeholder, value)
    return address


def signed_in(cast: Cast, role: str) -> Client:
    """Return the browser of a person who works for Northlight."""
    client = cast.browser(role)
    session = client.session
    session[ORGANIZATION_SESSION_KEY] = cast.northlight.organization_id
    session[step_up.SESSION_KEY] = time.time()
    session.save()
    return client
