"""`Idempotency-Key`: the same request acts once, whoever repeats it and when."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from nsadmin.api.models import KeptAnswer
from nsadmin.audit.models import AuditEvent
from nsadmin.jobs.models import Job
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import close
from tests.api.conftest import Caller, error_of
from tests.cast import Cast, assemble
from tests.conftest import Servers
from tests.faults.database import Rows
from tests.faults.proxy import running_proxies
from tests.faults.transport import Mongo

BODY = {"namespace_name": "new one", "description": "Once."}


def repeated(call: Caller, key: str = "k-1", body: Any = BODY, **kwargs: Any) -> Any:
    return call("POST", "/namespaces", body, **{"Idempotency-Key": key, **kwargs})


def test_the_same_key_and_body_get_the_same_answer(call: Caller) -> None:
    first, second = repeated(call), repeated(call)
    assert first.status_code == second.status_code == 200, first.content
    assert first.content == second.content
    assert first.headers["ETag"] == second.headers["ETag"] == '"r1"'
    assert second.headers["Content-Type"] == "application/json"
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert sum(1 for _ in store.every()) == 4
    assert AuditEvent.objects.filter(action="namespace:create").count() == 1


def test_the_order_of_keys_makes_no_other_body(call: Caller) -> None:
    first = repeated(call)
    second = repeated(call, body=dict(reversed(BODY.items())))
    assert first.content == second.content


def test_another_body_with_the_key_is_refused(call: Caller) -> None:
    assert repeated(call).status_code == 200
    response = repeated(call, body={"namespace_name": "another"})
    assert response.status_code == 422
    assert error_of(response)["code"] == "idempotency_key_reused"
    assert sum(1 for _ in store.every()) == 4


def test_keys_belong_to_who_sent_them_and_to_what(call: Caller) -> None:
    assert repeated(call).status_code == 200
    assert repeated(call, role="stranger").status_code == 200
    own = call.cast.own.namespace_id
    response = call(
        "POST",
        f"/namespaces/{own}/clone",
        {"namespace_name": "copy"},
        **{"Idempotency-Key": "k-1"},
    )
    assert response.status_code == 200
    assert KeptAnswer.objects.count() == 3


def test_a_refusal_is_not_kept(call: Caller) -> None:
    taken = {"namespace_name": call.cast.own.name}
    assert repeated(call, body=taken).status_code == 409
    assert not KeptAnswer.objects.exists()
    assert repeated(call).status_code == 200


def test_who_may_no_longer_gets_no_answer_either(call: Caller) -> None:
    assert repeated(call).status_code == 200
    assert repeated(call, role="viewer").status_code == 403


def test_after_a_day_the_key_is_new(call: Caller) -> None:
    assert repeated(call).status_code == 200
    KeptAnswer.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert repeated(call).status_code == 409  # it acts again, and the name is taken


@pytest.mark.parametrize("key", ["", "k" * 256, "with space", "schlüssel"])
def test_a_key_that_cannot_be_read(call: Caller, key: str) -> None:
    response = repeated(call, key=key)
    assert response.status_code == 400
    assert error_of(response)["code"] == "idempotency_key_unreadable"


def test_a_key_of_the_most_characters(call: Caller) -> None:
    assert repeated(call, key="k" * 255).status_code == 200


def test_a_clone_is_begun_once(call: Caller) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}/clone"
    answers = [
        call("POST", path, {"namespace_name": "copy"}, **{"Idempotency-Key": "c"})
        for _ in range(3)
    ]
    assert {a.status_code for a in answers} == {200}
    assert len({a.content for a in answers}) == 1
    assert Job.objects.count() == 1


def test_what_broke_after_it_was_made_is_found_again(call: Caller) -> None:
    """The answer is lost: the next try with the key gives what the first one made."""
    first = repeated(call)
    lost = timezone.now() - timedelta(seconds=1)
    KeptAnswer.objects.update(status=None, body=b"", claimed_until=lost)
    second = repeated(call)
    assert second.status_code == 200, second.content
    made = [json.loads(r.content)["namespace_id"] for r in (first, second)]
    assert made[0] == made[1]
    assert AuditEvent.objects.filter(action="namespace:create").count() == 1


def test_while_one_is_at_work_the_other_is_asked_to_wait(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeated(call)
    soon = timezone.now() + timedelta(seconds=60)
    KeptAnswer.objects.update(status=None, claimed_until=soon)
    monkeypatch.setattr("nsadmin.api.http.idempotency._MAX_WAIT_S", 0.2)
    response = repeated(call)
    assert response.status_code == 409
    assert error_of(response)["code"] == "idempotency_in_flight"
    assert response.headers["Retry-After"] == "1"


# Many at once ------------------------------------------------------------------------


@pytest.fixture
def at_once(shared_rows: Rows) -> Cast:
    """A cast in rows that every thread reads and writes."""
    return assemble()


@pytest.fixture
def slow_inserts(stores: Servers, settings: Any) -> Iterator[None]:
    """A namespace store that takes longer over an insert than it usually does."""
    with running_proxies() as proxies:
        settings.NSADMIN_MONGODB_URL = proxies.before(Mongo(), stores.mongodb_url)
        with proxies.exchanges.late("mongo", "insert", seconds=5.5):
            yield
        close()


def all_at_once(cast: Cast, count: int, path: str, body: Any) -> list[HttpResponse]:
    """Send the same request from so many threads, each over its own connection."""
    ready = threading.Barrier(count)

    def send(_: int) -> HttpResponse:
        try:
            ready.wait()
            headers = {"Idempotency-Key": "all-of-us"}
            return Caller(cast)("POST", path, body, **headers)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(send, range(count)))


def test_fifty_at_once_make_one_namespace(at_once: Cast, slow_inserts: None) -> None:
    answers = all_at_once(at_once, 50, "/namespaces", BODY)
    assert {a.status_code for a in answers} == {200}, answers[0].content
    assert len({a.content for a in answers}) == 1
    assert sum(a.headers.get("Idempotent-Replayed") is None for a in answers) == 1
    assert sum(1 for _ in store.every()) == 4
    assert AuditEvent.objects.filter(action="namespace:create").count() == 1


def test_fifty_at_once_begin_one_clone(at_once: Cast) -> None:
    path = f"/namespaces/{at_once.own.namespace_id}/clone"
    answers = all_at_once(at_once, 50, path, {"namespace_name": "copy"})
    assert {a.status_code for a in answers} == {200}, answers[0].content
    assert len({a.content for a in answers}) == 1
    assert Job.objects.count() == 1
    assert sum(1 for _ in store.every()) == 4


def test_a_repair_and_a_report_act_once_as_well(call: Caller) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}"
    key = {"Idempotency-Key": "again"}
    first = call("POST", f"{path}/ensure-indexes", **key)
    second = call("POST", f"{path}/ensure-indexes", **key)
    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    report = {"fields": [{"field_name": "title", "count": 5}]}
    for _ in range(3):
        assert call("POST", f"{path}/filter-usage", report, **key).status_code == 200
    found = call("GET", "/analytics/indexes/usage", **{"X-Namespace": path[12:]})
    [field] = json.loads(found.content)["fields"]
    assert field["field_name"] == "title"
    assert 5 in field.values()
