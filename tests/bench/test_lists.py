"""Lists of namespaces beside Django admin's changelist over the same rows."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from nsadmin.access.organization.keys import create_key
from nsadmin.access.permissions import Role
from tests.bench.peers.list_admin import CHANGELIST, changelist_visitor
from tests.bench.peers.visitor import visitor
from tests.bench.rounds import TABLE, Row, compare, statements
from tests.bench.world import LARGE, SMALL, World, Worlds

pytestmark = pytest.mark.bench
ROUNDS = 3
LIST = "/namespaces/"
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
    "search, two letters": ({"search": "fo"}, {"q": "fo"}),
    "search, few rows": ({"search": "footage-oslo-00"}, {"q": "footage-oslo-00"}),
    "search, nothing": ({"search": "gesarl"}, {"q": "gesarl"}),
    "an offset of 25,000": ({"offset": "25000"}, {"p": "2000"}),
}
BODIES: dict[str, dict[str, Any]] = {
    "first page": {},
    "by name": {"sort": {"field": "namespace_name", "direction": "asc"}},
    "search, frequent": {"search": "footage"},
    "search, nothing": {"search": "gesarl"},
}
Call = Callable[[], object]


def _page(client: Client, query: dict[str, str]) -> Call:
    ask = visitor(client)

    def get() -> None:
        assert ask(f"{LIST}?{urlencode(query)}") == 200

    return get


def _api(key: str, body: dict[str, Any]) -> Call:
    client = Client(headers={"authorization": f"Bearer {key}"})

    def post() -> None:
        path = "/v1/namespaces/list?limit=25&view=summary"
        answer = client.post(path, json.dumps(body), content_type="application/json")
        assert answer.status_code == 200, answer.content

    return post


def _cpu(call: Call) -> float:
    """Milliseconds of this process; the median of a few."""
    call()
    spent = []
    for _ in range(5):
        began = time.process_time()
        call()
        spent.append(time.process_time() - began)
    return 1000 * statistics.median(spent)


@contextmanager
def _opened(worlds: Worlds, size: int) -> Iterator[tuple[World, Client, str]]:
    """A world with a person's browser and an organization's key."""
    world = worlds.of(size)
    with world.open():
        _, key = create_key(world.largest(), name="bench", role=Role.MEMBER)
        yield world, world.browser(), key


def _in_the_depth(client: Client) -> dict[str, str]:
    """Return the parameter that leads on from a row at half of the list."""
    page = client.get(f"{LIST}?offset=25000").content.decode()
    return {"after": page.split("after=")[1].split('"')[0].split("&")[0]}


def _grew(now: float, then: float, what: str) -> None:
    texts = (f"{now:.1f} ms", f"{then:.1f} ms")
    TABLE.append(Row(f"  growth of CPU, {what}", *texts, now / then, "1.3", 0))


def test_lists_beside_the_changelist(worlds: Worlds, settings) -> None:
    settings.NSADMIN_RATE_LIMIT = "1000000/minute"
    settings.NSADMIN_ORGANIZATION_RATE_LIMIT = "1000000/minute"
    with _opened(worlds, SMALL) as (_, client, key):
        pages = {what: _cpu(_page(client, ours)) for what, (ours, _) in CASES.items()}
        answers = {what: _cpu(_api(key, body)) for what, body in BODIES.items()}
    with _opened(worlds, LARGE) as (_, client, key):
        cases = {**CASES, "in the depth": (_in_the_depth(client), {"p": "2000"})}
        with changelist_visitor(client) as changelist:
            for what, (ours, peer) in cases.items():
                mine, address = _page(client, ours), f"{LIST}?{urlencode(ours)}"
                size = len(client.get(address).content)
                asked = f"{CHANGELIST}?{urlencode(peer)}"
                compare(
                    f"list of 100,000, {what}",
                    mine,
                    partial(changelist, asked),
                    limit="0.5",
                    rounds=ROUNDS,
                    more=f"{statements(mine)} statements, {size:,} bytes",
                )
                if what in pages:
                    _grew(_cpu(mine), pages[what], what)
            for what, body in BODIES.items():
                asked = f"{CHANGELIST}?{urlencode({'q': body.get('search', '')})}"
                mine = _api(key, body)
                compare(
                    f"API list of 100,000, {what}",
                    mine,
                    partial(changelist, asked),
                    limit="0.3",
                    rounds=ROUNDS,
                )
                _grew(_cpu(mine), answers[what], f"API {what}")
