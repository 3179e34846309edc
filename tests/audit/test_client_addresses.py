"""The address of a sender in the audit: where it comes from, and that it is chained."""

import pytest
from django.test import Client

from nsadmin.audit import chain, record, request_context
from nsadmin.audit.models import AuditEvent, Outcome
from nsadmin.audit.record import RecordedActor
from nsadmin.audit.triggers import remove
from nsadmin.audit.verify import verify
from tests.audit import before
from tests.audit.sending import sent_from
from tests.cast import Cast

ORGANIZATION = "org_a"
SENDER, PROXY, FORGED = "198.51.100.7", "10.0.0.1", "203.0.113.9"
# What a client sends of its own stands before what the proxy adds.
FORWARDED = {"x-forwarded-for": f"{FORGED}, {SENDER}"}
pytestmark = pytest.mark.django_db


def attempted(address: str = SENDER) -> AuditEvent:
    """An open event of a request from an address."""
    with sent_from(address):
        return record.attempt(
            op_id=record.new_op_id(),
            action="namespace:update",
            summary="planned",
            actor=RecordedActor("user", "1", "mara"),
            organization_id=ORGANIZATION,
        )


def sentences(organization_id: str = ORGANIZATION) -> list[str]:
    return [fault.sentence for fault in verify(organization_id).faults]


def close_without_the_column(event: AuditEvent) -> None:
    """Close an event as a release does that does not have the column."""
    row = AuditEvent.objects.get(pk=event.pk)
    row.client_address = ""
    row.outcome, row.closed_at = Outcome.FAILED, row.at
    row.error = "It broke."
    row.save(update_fields=["outcome", "closed_at", "error"])
    chain.append(chain.lock_head(ORGANIZATION), row)


# Which address -------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "expected"), [(0, PROXY), (1, SENDER)])
def test_a_call_of_the_api_has_the_address_that_the_proxies_tell(
    cast: Cast, settings, count: int, expected: str
) -> None:
    settings.NSADMIN_PROXY_COUNT = count
    client = Client(headers={**FORWARDED, **cast.bearer()}, REMOTE_ADDR=PROXY)
    path = f"/v1/namespaces/{cast.own.namespace_id}"
    body = {"description": "New."}
    done = client.patch(path, body, content_type="application/json")
    assert done.status_code == 200
    event = AuditEvent.objects.get(action="namespace:update")
    assert (event.client_address, event.actor_kind) == (expected, "key")


@pytest.mark.parametrize(("count", "expected"), [(0, PROXY), (1, SENDER)])
def test_a_page_has_the_address_that_the_proxies_tell(
    cast: Cast, settings, count: int, expected: str
) -> None:
    settings.NSADMIN_PROXY_COUNT = count
    client = cast.browser("viewer")
    done = client.post(
        "/account/name/", {"name": "Zoë"}, headers=FORWARDED, REMOTE_ADDR=PROXY
    )
    assert done.status_code == 303
    event = AuditEvent.objects.get(action="account:name")
    assert event.client_address == expected
    assert request_context.client_address.get() == ""


def test_what_support_looks_at_has_the_address(cast: Cast) -> None:
    cast.open_sessions("support")
    client = cast.browser("support")
    path = f"/namespaces/{cast.own.namespace_id}/"
    assert client.get(path, REMOTE_ADDR=SENDER).status_code == 200
    [event] = AuditEvent.objects.filter(action="support:view")
    assert (event.client_address, event.actor_kind) == (SENDER, "user")


def test_what_no_request_asked_for_has_none() -> None:
    event = record.record(
        action="namespace:delete",
        summary="Its time is over.",
        actor=RecordedActor("system", "nsadmin", "nsadmin"),
        organization_id=ORGANIZATION,
    )
    assert event.client_address == ""
    assert sentences() == []


def test_a_job_that_ends_an_event_leaves_its_address() -> None:
    event = attempted()
    record.close(event.op_id, Outcome.DONE)
    event.refresh_from_db()
    assert (event.client_address, event.outcome) == (SENDER, "done")
    assert sentences() == []


def test_an_address_that_is_none_is_kept_as_it_fits() -> None:
    event = attempted("fe80::1%" + "x\0" * 60)
    assert len(event.client_address) == 64
    assert "\0" not in event.client_address
    assert sentences() == []


# The chain -----------------------------------------------------------------------------


def test_rows_from_before_the_column_verify(settings) -> None:
    settings.NSADMIN_KEY_PEPPER = before.PEPPER
    before.plant()
    columns = "op_id", "client_address"
    rows = AuditEvent.objects.order_by("pk").values_list(*columns)
    assert list(rows) == [("op_closed", ""), ("op_open", "")]
    assert sentences(before.ORGANIZATION) == []
    with sent_from(SENDER):
        assert record.close("op_open", Outcome.DONE)
    verdict = verify(before.ORGANIZATION)
    assert (verdict.count, verdict.faults) == (4, ())


@pytest.mark.parametrize("put", [FORGED, ""])
@pytest.mark.parametrize("close", [record.close, None])
def test_a_changed_address_is_named(close, put: str) -> None:
    event = attempted()
    if close is not None:
        close(event.op_id, Outcome.DONE)
    remove(using="default")
    AuditEvent.objects.update(client_address=put)
    assert sentences() == [f"Row {event.pk} was changed after it was written."]


def test_an_address_put_into_a_row_without_one_is_named() -> None:
    event = attempted("")
    record.close(event.op_id, Outcome.DONE)
    remove(using="default")
    AuditEvent.objects.update(client_address=FORGED)
    assert sentences() == [f"Row {event.pk} was changed after it was written."]


def test_an_event_that_the_release_before_closes_is_intact() -> None:
    event = attempted()
    close_without_the_column(event)
    event.refresh_from_db()
    assert (event.client_address, event.outcome) == (SENDER, "failed")
    assert sentences() == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("client_address", FORGED),
        ("error", "Nothing broke."),
        ("summary", "something else"),
    ],
)
def test_an_event_that_the_release_before_closed_cannot_be_changed(
    column: str, value: str
) -> None:
    event, other = attempted(), attempted(FORGED)
    close_without_the_column(event)
    record.close(other.op_id, Outcome.DONE)
    remove(using="default")
    AuditEvent.objects.filter(pk=event.pk).update(**{column: value})
    assert sentences() == [f"Row {event.pk} was changed after it was written."]
