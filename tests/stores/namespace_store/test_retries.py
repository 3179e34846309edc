"""A write whose connection breaks is done once, whether or not the store had it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from nsadmin.errors import Conflict
from nsadmin.stores.mongo import connection, namespaces, resources
from tests.faults.proxy import Exchanges, Fault, running_proxies
from tests.faults.transport import Mongo

BROKEN = pytest.mark.parametrize("fault", [Fault.RESET, Fault.DROPPED])
# Microseconds are not stored, and an odd order of keys is.
DOCUMENT: dict[str, Any] = {
    "revision": 1,
    "_id": "ns_retried",
    "internal_id": "i",
    "updated_at": datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC),
    "changes": [{"op_id": "op_1", "revision": 1}],
}


@pytest.fixture
def exchanges(stores: Any, settings: Any) -> Iterator[Exchanges]:
    """The exchanges with the store, one of which may break."""
    direct = settings.NSADMIN_MONGODB_URL
    with running_proxies() as proxies:
        settings.NSADMIN_MONGODB_URL = proxies.before(Mongo(), direct)
        connection.ping()
        yield proxies.exchanges
        connection.close()
        settings.NSADMIN_MONGODB_URL = direct


@BROKEN
def test_an_insert_is_done_once(exchanges: Exchanges, fault: Fault) -> None:
    exchanges.expect(1, fault)
    namespaces.insert(dict(DOCUMENT))
    assert exchanges.broken is not None
    assert exchanges.broken.asks == "insert"
    (stored,) = namespaces.every()
    assert stored["changes"] == DOCUMENT["changes"]


def test_an_insert_is_not_taken_for_that_of_another(exchanges: Exchanges) -> None:
    namespaces.insert({**DOCUMENT, "changes": [{"op_id": "op_2", "revision": 1}]})
    exchanges.expect(1, Fault.RESET)
    with pytest.raises(Conflict) as caught:
        namespaces.insert(dict(DOCUMENT))
    assert caught.value.code == "namespace_id_taken"


@BROKEN
def test_a_delete_is_done_once(exchanges: Exchanges, fault: Fault) -> None:
    namespaces.insert(dict(DOCUMENT))
    exchanges.expect(1, fault)
    assert namespaces.delete("ns_retried", revision=1)
    assert exchanges.broken is not None
    assert exchanges.broken.asks == "delete"
    assert namespaces.get("ns_retried") is None


def test_a_delete_of_another_revision_stays_refused(exchanges: Exchanges) -> None:
    namespaces.insert(dict(DOCUMENT))
    exchanges.expect(1, Fault.RESET)
    assert not namespaces.delete("ns_retried", revision=7)
    assert namespaces.get("ns_retried") is not None


@BROKEN
def test_resources_are_written_and_deleted(exchanges: Exchanges, fault: Fault) -> None:
    rows = [{"_id": f"b_{n}", "namespace_id": "ns_retried"} for n in range(3)]
    exchanges.expect(1, fault)
    resources.put("buckets", rows)
    assert exchanges.broken is not None
    assert resources.count("buckets", "ns_retried") == 3
    exchanges.expect(1, fault)
    resources.delete_all("buckets", "ns_retried")
    assert resources.count("buckets", "ns_retried") == 0
    resources.put("buckets", rows)
    exchanges.expect(2, fault)  # the ids are read first
    resources.delete_some("buckets", "ns_retried")
    assert exchanges.broken is not None
    assert resources.count("buckets", "ns_retried") == 0
