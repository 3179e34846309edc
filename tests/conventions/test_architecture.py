"""`docs/architecture.md` is true: its rooms, their imports, and what is in one place."""

import re
import tomllib
from collections.abc import Iterable

import pytest

from tests.conventions.layout import CLAIMS, NOT_YET, Claim
from tests.conventions.loops import LOOPS_APART
from tests.conventions.source import ROOT, Module, modules, production, sample

PAGE = (ROOT / "docs/architecture.md").read_text()
BY_KEY = {claim.key: claim for claim in CLAIMS}
STORE = "from nsadmin.stores.mongo import namespaces as store\n"
PROBES = "from nsadmin.health.sampling import cluster_probe\n"
QDRANT = "from nsadmin.stores.qdrant import collections\n"

# {claim: (what it lets pass, what it refuses)}
SAMPLES: dict[str, tuple[str, str]] = {
    "pymongo": ("import pymongolike", "from pymongo import errors"),
    "qdrant_client": ("qdrant_client = 1", "def f():\n  import qdrant_client.models"),
    "qdrant_minimum": ("'needs 1.8'; (1, 8)", "version < (1, 18)"),
    "httpx": ("from nsadmin import stores", "import httpx as http"),
    "cryptography": ("import hashlib", "from cryptography.fernet import Fernet"),
    "resolving": (
        "import socket\nsocket.gethostname()",
        "import socket\nsocket.getaddrinfo('a', 1)",
    ),
    "yaml": ("yaml = {}", "import yaml"),
    "stores": ("from nsadmin import storeys", "from nsadmin.stores import redis"),
    "replace": (STORE + "store.get('a').replace(1)", STORE + "store.replace(a, b)"),
    "insert_delete": (
        STORE + "store.every()",
        "from nsadmin.stores.mongo.namespaces import insert as add\nadd({})",
    ),
    "drop_index": (
        QDRANT + "collections.get(c, 'a')",
        QDRANT + "collections.drop_index(c, 'a', 'b')",
    ),
    "drop_collection": (
        QDRANT + "collections.drop_index(c, 'a', 'b')",
        QDRANT + "collections.drop(c, 'a')",
    ),
    "role_table": ("{Role.ADMIN: 'All'}", "{Role.ADMIN: frozenset(Action)}"),
    "role_tests": ("actor.may(Action.KEY_READ)", "actor.role is Role.ADMIN"),
    "status_words": ("{'green': 1, 'b': 2}", "{'green': 'ready', 'red': 'error'}"),
    "audit_writes": (
        "AuditEvent.objects.filter(op_id='a').first()",
        "AuditEvent.objects.filter(op_id='a').update(outcome='done')",
    ),
    "job_states": (
        "Job.objects.filter(pk=1).update(op_id='a')",
        "Job.objects.filter(pk=1).update(state='done')",
    ),
    "messages": ("def delay(): ...\ndelay()", "task.apply_async()"),
    "queries": ("counts.objects", "User.objects.filter(pk=1)"),
    "bodies": ("response.body", "json.loads(request.body)"),
    "environment": (
        "import os\nos.environ.setdefault('A', 'b')",
        "import os\nos.environ['A']",
    ),
    "loops": (
        STORE
        + "def f():\n"
        + "  ids = [raw['_id'] for raw in store.every()]\n"
        + "  items.each('a', ids, work, key=str)\n"
        + "  for row in DriftRow.objects.filter(namespace_id='a'): print(row)",
        STORE
        + "def f():\n  rows = Job.objects.filter(state='a')\n"
        + "  for row in rows: work(row)",
    ),
    "embedded": ("import nsadmin.embeddedness", "from nsadmin.embedded import demo"),
}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.key)
def test_it_is_done_in_one_place(claim: Claim) -> None:
    breaches = claim.breaches(production())
    waiting = NOT_YET.get(claim.key, set())
    assert {p: uses for p, uses in breaches.items() if p not in waiting} == {}


@pytest.mark.parametrize(
    "source",
    [
        STORE + "def f():\n  for raw in store.every(): work(raw)",
        STORE + "def f():\n  return [work(raw) for raw in store.every()]",
        STORE
        + "def f():\n  return {raw['_id']: g(raw) for raw in list(store.every())}",
        PROBES + "def f():\n  for cluster in cluster_probe.known(): work(cluster)",
        "def f():\n  for o in Organization.objects.all(): work(o)",
    ],
)
def test_a_loop_over_everybody_is_seen(source: str) -> None:
    assert list(BY_KEY["loops"].uses(sample(source))) != []


def test_loops_apart_are_still_there() -> None:
    """An exception whose loop is gone has to go too."""
    places = {
        f"{module.path}::{function.name}"
        for module in production()
        for function in module.functions
    }
    assert set(LOOPS_APART) <= places


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.key)
def test_the_place_is_the_place(claim: Claim) -> None:
    """A claim about something that no longer happens there holds nothing."""
    if claim.where:
        everywhere = [m for m in modules() if m.path.startswith(claim.where)]
        assert any(list(claim.uses(module)) for module in everywhere)
    else:
        assert any(module.path.startswith(claim.within) for module in modules())


def test_the_list_of_exceptions_gets_shorter() -> None:
    done = {
        key: paths - set(BY_KEY[key].breaches(production()))
        for key, paths in NOT_YET.items()
    }
    assert {k: v for k, v in done.items() if v} == {}, "take these out of NOT_YET"


@pytest.mark.parametrize("key", BY_KEY)
def test_a_claim_knows_good_from_bad(key: str) -> None:
    good, bad = SAMPLES[key]
    assert list(BY_KEY[key].uses(sample(good))) == []
    assert list(BY_KEY[key].uses(sample(bad))) != []


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the tables below a heading of the page."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def test_every_claim_stands_on_the_page_and_every_one_there_is_held() -> None:
    stated = [cells[-1].strip("`") for cells in rows("Only there")]
    assert sorted(stated) == sorted(BY_KEY)


def test_the_page_names_the_places_of_the_claims() -> None:
    for *cells, key in rows("Only there"):
        text = " ".join(cells)
        for place in (*BY_KEY[key.strip("`")].where, *BY_KEY[key.strip("`")].within):
            if place not in ("nsadmin/", "nsadmin/stores/mongo/"):
                assert place.removeprefix("nsadmin/").rstrip("/") in text, place


def layers() -> list[list[str]]:
    """Return the rooms in the order that the import linter holds, from the top."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contract = project["tool"]["importlinter"]["contracts"][0]
    return [re.findall(r"nsadmin\.(\w+)", layer) for layer in contract["layers"]]


def test_the_rooms_stand_in_the_order_that_is_linted() -> None:
    listed = [re.findall(r"`(\w+)`", cells[0]) for cells in rows("The rooms")]
    assert listed == layers()


# The settings start the program, as the files beside the rooms do.
BESIDE = {"settings"}


def test_every_room_is_in_the_order() -> None:
    inside = {module.path.split("/")[1] for module in modules()}
    rooms = {name for name in inside if not name.endswith(".py")}
    assert rooms - BESIDE <= {name for layer in layers() for name in layer}


def sub_rooms() -> dict[str, dict[str, set[str]]]:
    """Return {room: {sub-room: the sub-rooms it may import}} as the page has them."""
    found: dict[str, dict[str, set[str]]] = {}
    for name, _, imports in rows("Inside the rooms"):
        room, _, sub = name.strip("`").partition("/")
        found.setdefault(room, {})[sub] = set(re.findall(r"`(\w+)`", imports))
    return found


def place_in(room: str, module: Module) -> str:
    """Return the sub-room of a module, `root` for what lies beside the sub-rooms."""
    parts = module.path.removeprefix(f"nsadmin/{room}/").split("/")
    return parts[0] if len(parts) > 1 and parts[0] != "models" else "root"


# The modules of a root that others may import; those above import the sub-rooms.
BELOW = {
    "models",
    "queues",
    "items",
    "registry",
    "actor",
    "permissions",
    "request",
    "stages",
    "site",
    "session",
    "ledger",
    "vectors",
}


def imported(room: str, module: Module, names: Iterable[str]) -> set[str]:
    """Return the sub-rooms of the same room that a module imports."""
    found = set()
    for name in module.imports:
        parts = name.split(".")
        if parts[:2] == ["nsadmin", room] and len(parts) > 2:
            if parts[2] in names:
                found.add(parts[2])
            elif parts[2] in BELOW:
                found.add("root")
            else:
                found.add(f"root.{parts[2]}")
    return found - {place_in(room, module)}


@pytest.mark.parametrize("room", sub_rooms())
def test_a_sub_room_imports_what_the_page_says(room: str) -> None:
    allowed = sub_rooms()[room]
    for module in modules():
        sub = place_in(room, module)
        if module.path.startswith(f"nsadmin/{room}/") and sub in allowed:
            extra = imported(room, module, allowed) - allowed[sub] - {"root"}
            assert extra == set(), module.path


def test_imports_of_sub_rooms_are_seen() -> None:
    """The test above would fail: a plan that imports a change, and a root's task."""
    source = "from nsadmin.namespaces.change import commit\nimport nsadmin.errors"
    plan = sample(source, "nsadmin/namespaces/plan/plan.py")
    assert imported("namespaces", plan, ["plan", "change"]) == {"change"}
    source = "from nsadmin.namespaces import models, tasks"
    read = sample(source, "nsadmin/namespaces/mirror/mirror.py")
    assert imported("namespaces", read, ["read"]) == {"root", "root.tasks"}


# Filters use the context of pages and pages use the filters.
TOGETHER = {("templatetags", "common")}


@pytest.mark.parametrize("room", sub_rooms())
def test_a_sub_room_stands_above_what_it_imports(room: str) -> None:
    order = list(sub_rooms()[room])
    for place, (sub, allowed) in enumerate(sub_rooms()[room].items()):
        above = {other for other in allowed if other not in order[place + 1 :]}
        assert {(sub, other) for other in above} <= TOGETHER


def test_every_sub_room_is_on_the_page() -> None:
    listed = sub_rooms()
    real = {
        room: {
            place_in(room, module)
            for module in modules()
            if module.path.startswith(f"nsadmin/{room}/")
            and not module.path.endswith("__init__.py")
        }
        - {"root", "management"}
        for room in listed
    }
    assert {room: set(subs) for room, subs in listed.items()} == real


PURE = ("nsadmin/namespaces/schema/", "nsadmin/namespaces/plan/")
IMPURE = ("django", "pymongo", "qdrant_client", "celery", "redis", "nsadmin.stores")


def impure(module: Module) -> set[str]:
    return {
        n for n in module.imports if f"{n}.".startswith(tuple(f"{i}." for i in IMPURE))
    }


def test_schema_and_plan_are_pure() -> None:
    inside = [module for module in modules() if module.path.startswith(PURE)]
    assert len(inside) > 10
    assert {module.path: impure(module) for module in inside if impure(module)} == {}
    assert impure(sample("from django.db import models")) != set()
    assert impure(sample("from pydantic import BaseModel")) == set()
