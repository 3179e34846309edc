"""Documents that are damaged on the way from the store do not hide the others."""

import json
from asyncio import StreamReader
from collections.abc import Iterator
from typing import Any

import pytest
from bson import Int64

from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from tests.api.conftest import Caller
from tests.cast import Cast
from tests.faults.proxy import running_proxies
from tests.faults.transport import Mongo
from tests.hostile.odd_documents import Odd

# Each is replaced by as many bytes in every reply of the store.
DAMAGE = {
    b"UTF-8": b"\xff\xfe\xff\xfe!",
    b"\x12expires_at\0": b"\x09expires_at\0",  # a number becomes a date
    b"\x02unknown_type\0": b"\x55unknown_type\0",
}
VALUES: dict[str, dict[str, Any]] = {
    "utf8": {"description": "UTF-8"},
    "late": {"expires_at": Int64(10**15)},
    "type": {"unknown_type": "x"},
    "last": {"description": "the last one"},
}


class Damaging(Mongo):
    """The store's protocol; some bytes of its replies are not as they were sent."""

    async def reply(self, stream: StreamReader) -> bytes:
        data = await super().reply(stream)
        for good, bad in DAMAGE.items():
            data = data.replace(good, bad)
        return data


@pytest.fixture
def damaged(cast: Cast, settings: Any) -> Iterator[Cast]:
    """The cast and four documents, three of which arrive damaged."""
    internal_id = cast.northlight.internal_id
    documents = [Odd(n, values).document(internal_id) for n, values in VALUES.items()]
    collection(store.NAME).insert_many(documents)
    direct = settings.NSADMIN_MONGODB_URL
    with running_proxies() as proxies:
        settings.NSADMIN_MONGODB_URL = proxies.before(Damaging(), direct)
        yield cast
        settings.NSADMIN_MONGODB_URL = direct


def test_each_is_listed_and_named_and_nothing_is_lost(damaged: Cast) -> None:
    assert len(list(store.every())) == 7
    comparison.reconcile()
    faults = {
        row.pk: row.unreadable
        for row in MirroredNamespace.objects.filter(pk__startswith="ns_odd_")
    }
    assert faults["ns_odd_utf8"] == (
        "description has bytes that are not UTF-8, expected text"
    )
    assert faults["ns_odd_late"] == (
        "expires_at is a date beyond the year 9999, expected a date"
    )
    assert faults["ns_odd_type"].startswith("document cannot be decoded: ")
    assert faults["ns_odd_last"] == ""
    assert comparison.reconcile() == 0


def test_each_is_opened_and_a_write_loses_nothing(cast: Cast, damaged: Cast) -> None:
    cast.open_sessions()
    call = Caller(damaged)
    for name, status, code in (
        ("utf8", 409, "document_unwritable"),
        ("type", 404, ""),  # only staff know whose it is
        ("last", 200, ""),
    ):
        path = f"/namespaces/ns_odd_{name}"
        found = call("GET", path)
        assert found.status_code == (404 if name == "type" else 200), found.content
        response = call("PATCH", path, {"auto_create_indexes": True})
        assert response.status_code == status, response.content
        if code:
            assert json.loads(response.content)["error"]["code"] == code
    path = "/namespaces/ns_odd_type"
    found = call("GET", path, role="platform_admin")
    assert found.status_code == 200, found.content
    assert json.loads(found.content)["unreadable"]
    response = call("PATCH", path, {"auto_create_indexes": True}, role="platform_admin")
    assert response.status_code == 409, response.content
    assert json.loads(response.content)["error"]["code"] == "document_unreadable"
