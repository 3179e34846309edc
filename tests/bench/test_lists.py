"""Lists of namespaces beside Django admin's changelist over the same rows."""

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client

from nsadmin.access.keys.keys import create_key
from nsadmin.access.models import User
from nsadmin.access.permissions import Role
from tests.bench.peers.list_admin import CHANGELIST, changelist_visitor
from tests.bench.peers.visitor import visitor
from tests.bench.rounds import TABLE, Row, compare, statements
from tests.bench.world import LARGE, SMALL, World, Worlds

pytestmark = pytest.mark.bench
ROUNDS = 3
LIST = "/namespaces/"
API, DEPTH, OFFSET = "API ", "in the depth", "an offset of 25,000"
# A walk meets the rows before it in the index of the order alone (docs/lists.md).
LAST = "frequent health at the end"
DELETED, STAFF = "/namespaces/deleted/", "/platform/namespaces/"
# {what: (our query, what the admin is asked instead)}
CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "first page": ({}, {}),
    **{
        f"by {sort}, {way}": (
            {"sort": sort, "order": way},
            {"o": f"{'-' * (way == 'desc')}{column}"},
        )
        for sort, column in (("name", 1), ("documents", 4), ("indexes", 5))
        for way in ("asc", "desc")
    },
    "by expiry": ({"sort": "expiry"}, {"o": "7"}),
    "frequent tier": ({"tier": "shared"}, {"tier": "shared"}),
    "rare tier": ({"tier": "dedicated_cpu"}, {"tier": "dedicated_cpu"}),
    "frequent health": ({"health": "ready"}, {"health": "ready"}),
    "rare health": ({"health": "error"}, {"health": "error"}),
    "rare health by name": (
        {"health": "error", "sort": "name"},
        {"health": "error", "o": "1"},
    ),
    "no health, tier": (
        {"health": "waiting", "tier": "shared"},
        {"health": "waiting", "tier": "shared"},
    ),
    "frequent extractor": (
        {"extractor": "text_extractor_v1"},
        {"q": "text_extractor_v1"},
    ),
    "rare extractor": ({"extractor": "odd_extractor_v7"}, {"q": "odd_extractor_v7"}),
    "expiring": ({"expiring": "1"}, {"health": "ready"}),
    "differs": ({"differs": "1"}, {"health": "error"}),
    "unreadable": ({"unreadable": "1"}, {"health": "error"}),
    "search, frequent": ({"search": "footage"}, {"q": "footage"}),
    "search, in every row": ({"search": "extractor"}, {"q": "extractor"}),
    "search, frequent, tier": (
        {"search": "footage", "tier": "dedicated_cpu"},
        {"q": "footage", "tier": "dedicated_cpu"},
    ),
    "search, in every row, tier": (
        {"search": "extractor", "tier": "dedicated_cpu"},
        {"q": "extractor", "tier": "dedicated_cpu"},
    ),
    "search, two letters": ({"search": "fo"}, {"q": "fo"}),
    "search, few rows": ({"search": "footage-oslo-00"}, {"q": "footage-oslo-00"}),
    "search, nothing": ({"search": "gesarl"}, {"q": "gesarl"}),
    OFFSET: ({"offset": "25000"}, {"p": "2000"}),
    LAST: (
        {"health": "unknown", "sort": "documents"},
        {"health": "unknown", "o": "-4"},
    ),
}
# {what: (our address, what the admin is asked instead)}
OTHERS: dict[str, tuple[str, dict[str, str]]] = {
    "deleted": (DELETED, {}),
    "deleted, an offset of 50": (f"{DELETED}?offset=50", {"p": "3"}),
    **{
        f"all organizations{', ' * bool(what)}{what}": (f"{STAFF}?{ours}", theirs)
        for what, ours, theirs in (
            ("", "", {}),
            ("in the depth", "after=ns_8", {"p": "2000"}),
            ("frequent health", "status=ready", {"health": "ready"}),
            ("rare health", "status=error", {"health": "error"}),
            ("rarer health", "status=failed", {"health": "failed"}),
            ("rare tier", "tier=dedicated_cpu", {"tier": "dedicated_cpu"}),
            ("unreadable", "attention=unreadable", {"health": "error"}),
            ("no health, tier", "status=waiting&tier=shared", {"health": "waiting"}),
            ("beginning of an id", "search=ns_8", {"q": "ns_8"}),
            ("the same, rare health", "search=ns_8&status=error", {"q": "ns_8"}),
            ("a large one", "organization=Tenant+17-00000", {}),
            ("a small one", "organization=Tenant+17-00099", {}),
            (
                "a small one, rare tier",
                "organization=Tenant+17-00099&tier=dedicated_cpu",
                {"tier": "dedicated_cpu"},
            ),
        )
    },
}
BODIES: dict[str, dict[str, Any]] = {
    "first page": {},
    "by name": {"sort": {"field": "namespace_name", "direction": "asc"}},
    "search, frequent": {"search": "footage"},
    "search, nothing": {"search": "gesarl"},
}
Call = Callable[[], None]


def _page(client: Client, address: str) -> Call:
    ask = visitor(client)

    def get() -> None:
        assert ask(address) == 200

    return get


def _api(key: str, body: dict[str, Any]) -> Call:
    client = Client(headers={"authorization": f"Bearer {key}"})

    def post() -> None:
        path = "/v1/namespaces/list?limit=25&view=summary"
        answer = client.post(path, json.dumps(body), content_type="application/json")
        assert answer.status_code == 200, answer.content

    return post


@dataclass
class _Side:
    """One of the two worlds, its calls, and the least time of each."""

    open: Callable[[], AbstractContextManager[World]]
    addresses: dict[str, tuple[Client, str]]
    calls: dict[str, Call]
    least: dict[str, float] = field(default_factory=dict)

    def take(self, what: str) -> None:
        """Measure a call; the first one of a new connection is left out."""
        with self.open():
            self.calls[what]()
            spent = [_spent(self.calls[what]) for _ in range(3)]
        self.least[what] = min([*spent, self.least.get(what, spent[0])])

    def rows(self, what: str) -> int:
        """How many rows a page has; with fewer it costs less."""
        client, address = self.addresses[what]
        with self.open():
            page = client.get(address).content
        return page.count(b'scope="row"')


def _spent(call: Call) -> float:
    """Milliseconds: of this process's CPU, or by the clock where a server works too."""
    now = time.process_time if connection.vendor == "sqlite" else time.perf_counter
    began = now()
    call()
    return 1000 * (now() - began)


def _side(worlds: Worlds, size: int) -> _Side:
    """The calls of a person's browser and of an organization's key in a world."""
    world = worlds.of(size)
    with world.open():
        _, key = create_key(world.largest(), name="bench", role=Role.MEMBER)
        client = world.browser()
        pages = {what: f"{LIST}?{urlencode(ours)}" for what, (ours, _) in CASES.items()}
        # From a row in the middle of the organization's rows.
        page = client.get(f"{LIST}?offset={size // 4}").content.decode()
        place = page.split("after=")[1].split('"')[0].split("&")[0]
        pages[DEPTH] = f"{LIST}?after={place}"
        addresses = {what: (client, address) for what, address in pages.items()}
        staff = world.browser(_staff())
        for what, (address, _) in OTHERS.items():
            addresses[what] = staff if STAFF in address else client, address
        calls = {what: _page(*asked) for what, asked in addresses.items()}
    calls |= {API + what: _api(key, body) for what, body in BODIES.items()}
    return _Side(world.open, addresses, calls)


def _staff() -> str:
    """The address of a person of the platform."""
    staff = User.objects.filter(platform_role=Role.PLATFORM_ADMIN)
    return staff.earliest("pk").email


@pytest.fixture(autouse=True)
def _unlimited(settings: Any) -> None:
    settings.NSADMIN_RATE_LIMIT = "1000000/minute"
    settings.NSADMIN_ORGANIZATION_RATE_LIMIT = "1000000/minute"


def test_lists_do_not_grow_with_their_rows(worlds: Worlds) -> None:
    small, large = _side(worlds, SMALL), _side(worlds, LARGE)
    del large.calls[OFFSET]  # the small list has ended before it
    for what in large.calls:
        for _ in range(ROUNDS):
            small.take(what)
            large.take(what)
        then, now = small.least[what], large.least[what]
        row = (f"list, 100,000 / 10,000, {what}", f"{now:.1f} ms", f"{then:.1f} ms")
        is_page = what in large.addresses
        more = f"{large.rows(what)} / {small.rows(what)} rows" if is_page else ""
        TABLE.append(Row(*row, now / then, "1.3", 0, more=more))


def test_lists_beside_the_changelist(worlds: Worlds) -> None:
    side = _side(worlds, LARGE)
    client, _ = side.addresses[DEPTH]
    with side.open(), changelist_visitor(client) as changelist:
        for what, mine in side.calls.items():
            query, limit = _peer(what)
            more = f"{statements(mine)} statements"
            if what in side.addresses:
                client, address = side.addresses[what]
                more += f", {len(client.get(address).content):,} bytes"
            asked = f"{CHANGELIST}?{urlencode(query)}"
            compare(
                f"list of 100,000, {what}",
                mine,
                partial(changelist, asked),
                limit=limit,
                rounds=ROUNDS,
                more=more,
            )


def _peer(what: str) -> tuple[dict[str, str], str]:
    """What the admin is asked beside a call, and the limit of their ratio."""
    if what.startswith(API):
        return {"q": BODIES[what.removeprefix(API)].get("search", "")}, "0.3"
    if what in OTHERS:
        return OTHERS[what][1], "0.5"
    return ({"p": "2000"} if what == DEPTH else CASES[what][1]), "0.5"
