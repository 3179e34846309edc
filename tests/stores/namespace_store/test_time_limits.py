"""Every read has a limit at the server, so that none goes on after its caller left."""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from nsadmin.stores.mongo import namespaces, resource_reads, resources
from tests.stores.namespace_store.calls import DOCUMENT, ID, READS, WRITES
from tests.stores.namespace_store.commands import Commands, monitored

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
