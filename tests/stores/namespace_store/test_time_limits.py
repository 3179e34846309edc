"""Every read has a limit at the server, so that none goes on after its caller left."""

import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from nsadmin.stores.mongo import namespaces, resource_reads, resources
from tests.stores.namespace_store.commands import Commands, monitored

KIND: resources.Kind = "buckets"
ID = "ns_a"
AT = datetime(2026, 1, 2, tzinfo=UTC)
DOCUMENT: dict[str, Any] = {"_id": ID, "revision": 1, "internal_id": "i"}

# Each read of the store. A generator is read to its end.
READS: dict[str, Callable[[], object]] = {
    "namespaces.get": lambda: namespaces.get(ID),
    "namespaces.get_many": lambda: namespaces.get_many([ID]),
    "namespaces.find_by_name": lambda: namespaces.find_by_name("i", "films"),
    "namespaces.find_all_by_name": lambda: namespaces.find_all_by_name("films"),
    "namespaces.find_by_collection": lambda: namespaces.find_by_collection("films"),
    "namespaces.every_collection": lambda: list(namespaces.every_collection()),
    "namespaces.with_left_behind": lambda: list(namespaces.with_left_behind()),
    "namespaces.every": lambda: list(namespaces.every()),
    "namespaces.marks_after": lambda: namespaces.marks_after("", limit=5),
    "namespaces.documents_after": lambda: list(namespaces.documents_after("", limit=5)),
    "namespaces.other_marks": lambda: namespaces.other_marks(texts=0),
    "namespaces.with_ids": lambda: list(namespaces.with_ids([ID])),
    "namespaces.present_of": lambda: namespaces.present_of([ID]),
    "namespaces.marks_changed_at": lambda: namespaces.marks_changed_at(AT, "", limit=5),
    "namespaces.marks_changed_between": lambda: namespaces.marks_changed_between(
        AT, AT, limit=5
    ),
    "namespaces.count_of_tenant": lambda: namespaces.count_of_tenant("i"),
    "resources.page": lambda: resources.page(KIND, ID),
    "resources.every": lambda: list(resources.every(KIND, ID)),
    "resources.first_collections": lambda: resources.first_collections(ID, 1),
    "resources.known_collections": lambda: resources.known_collections(
        ID, ["c"], within_s=1
    ),
    "resources.count": lambda: resources.count(KIND, ID),
    "resources.counts": lambda: resources.counts(ID),
    "resources.counts_of": lambda: resources.counts_of(KIND, [ID]),
    "resources.summaries": lambda: resources.summaries(
        KIND, after="", limit=5, within_s=1
    ),
    "resources.existing": lambda: resources.existing(KIND, ["b"], within_s=1),
    "resource_reads.page": lambda: resource_reads.page(KIND, ID, limit=5),
    "resource_reads.by_id": lambda: resource_reads.by_id(KIND, ID, "b"),
    "resource_reads.by_key": lambda: resource_reads.by_key(KIND, ID, "b"),
    "resource_reads.by_ids": lambda: resource_reads.by_ids(KIND, ID, ["b"], ["_id"]),
    "resource_reads.by_prefix": lambda: resource_reads.by_prefix(
        KIND, ID, "b", limit=5, fields=["_id"]
    ),
    "resource_reads.naming": lambda: resource_reads.naming(
        KIND, ID, field="f", value="v", limit=5
    ),
    "resource_reads.count_naming": lambda: resource_reads.count_naming(
        KIND, ID, field="f", value="v"
    ),
}
# Writes may read before they write.
WRITES: dict[str, Callable[[], object]] = {
    "namespaces.insert": lambda: namespaces.insert(dict(DOCUMENT)),
    "namespaces.replace": lambda: namespaces.replace({"_id": ID}, {"_id": ID}),
    "namespaces.delete": lambda: namespaces.delete(ID, revision=1),
    "resources.put": lambda: resources.put(KIND, [{"_id": "b", "namespace_id": ID}]),
    "resources.delete_some": lambda: resources.delete_some(KIND, ID),
    "resources.delete_all": lambda: resources.delete_all(KIND, ID),
}
_READING = ("find", "aggregate", "count", "distinct")


@pytest.fixture
def commands(stores: Any) -> Iterator[Commands]:
    with monitored() as commands:
        yield commands


def functions_of(module: ModuleType) -> Iterator[str]:
    """The public functions that a module of the store defines."""
    short = module.__name__.rpartition(".")[2]
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and not name.startswith("_"):
            yield f"{short}.{name}"


def test_every_function_of_the_store_is_in_a_table() -> None:
    modules = (namespaces, resources, resource_reads)
    found = {name for module in modules for name in functions_of(module)}
    assert found == READS.keys() | WRITES.keys()


@pytest.mark.parametrize("name", [*READS, *WRITES])
def test_each_read_has_a_limit_at_the_server(commands: Commands, name: str) -> None:
    namespaces.insert({**DOCUMENT, "_id": "ns_another"})
    resources.put("collections", [{"_id": "c", "namespace_id": ID}])
    before = len(commands.sent)
    (READS | WRITES)[name]()
    sent = commands.sent[before:]
    reads = [body for body in sent if any(command in body for command in _READING)]
    assert reads or name in WRITES
    for body in reads:
        assert 0 < body["maxTimeMS"] <= 600_000, body
