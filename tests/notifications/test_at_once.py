"""What a person sends at once: a test, and deliveries that wait or have ended."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict
from nsadmin.notifications import deliveries, kinds
from nsadmin.notifications.models import Delivery, Webhook
from nsadmin.notifications.sending import at_once, attempts
from nsadmin.stores import webhook as wire
from tests.notifications.conftest import go, happen, later, person
from tests.notifications.receiver import is_signed


def sent_test(cast, row) -> Delivery:
    return deliveries.send_test(person(cast), cast.northlight, row.webhook_id)


def sent_again(cast, row: Delivery) -> Delivery:
    return deliveries.send_again(person(cast), cast.northlight, row.pk)


def only() -> Delivery:
    return Delivery.objects.select_related("webhook", "event").get()


def test_a_test_arrives_in_spite_of_a_pause(cast, hook, receiver):
    row, secret = hook(kinds=[kinds.MOVED])
    Webhook.objects.update(paused_until=timezone.now() + timedelta(hours=1), failures=3)
    made = sent_test(cast, row)
    [(headers, body)] = receiver.got
    assert is_signed(secret, headers, body)
    assert json.loads(body)["type"] == "webhook.test"
    assert (made.state, made.status, made.attempts) == ("sent", 200, 1)
    assert Webhook.objects.get().paused_until is None


@pytest.mark.parametrize("status", [301, 500])
def test_a_test_that_fails_is_tried_once_and_nothing_waits_for_it(
    cast, hook, receiver, status
):
    receiver.status = status
    row, _ = hook()
    made = sent_test(cast, row)
    assert (made.state, made.next_at) == ("failed", None)
    more = "; redirects are not followed" if status == 301 else ""
    assert made.error == f"The webhook answered with HTTP {status}{more}."
    later()
    go(cast)
    assert len(receiver.got) == 1
    now = Webhook.objects.get()
    assert (now.failures, now.failing_since, now.paused_until) == (0, None, None)


def test_a_test_that_is_told_of_the_end_turns_the_webhook_off(cast, hook, receiver):
    receiver.status = 410
    row, _ = hook()
    assert sent_test(cast, row).state == "failed"
    assert not Webhook.objects.get().is_on


def test_a_test_whose_process_died_is_not_tried_again(cast, hook, receiver):
    row, _ = hook()
    sent_test(cast, row)
    Delivery.objects.update(state="waiting", next_at=timezone.now())
    go(cast)
    assert len(receiver.got) == 1
    assert (only().state, only().error) == ("failed", "No attempt had an outcome.")


def test_one_that_waits_is_sent_now_and_the_webhook_goes_on(cast, hook, receiver):
    receiver.status = 500
    hook()
    happen(cast, 2)
    go(cast)
    tried = Delivery.objects.get(attempts=1)
    paused_until = Webhook.objects.get().paused_until
    again = sent_again(cast, tried)
    assert (again.state, again.status, again.attempts) == ("waiting", 500, 2)
    assert again.next_at > timezone.now() + timedelta(seconds=wire.PAUSES[1] - 5)
    # A person's attempts make nothing else wait longer.
    assert Webhook.objects.get().paused_until == paused_until
    receiver.status = 200
    assert sent_again(cast, tried).state == "sent"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert Webhook.objects.get().paused_until is None
    audit = AuditEvent.objects.filter(action="webhook:send-again")
    assert [event.summary.endswith(" at once.") for event in audit] == [True, True]


def test_one_that_has_ended_is_sent_again(cast, hook, receiver):
    hook()
    happen(cast)
    go(cast)
    assert sent_again(cast, only()).state == "sent"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert (len(receiver.got), only().attempts) == (2, 1)
    audit = AuditEvent.objects.get(action="webhook:send-again")
    assert audit.summary.endswith(" again.")


def test_one_that_a_worker_sends_is_left_alone(cast, hook, receiver):
    receiver.status = 500
    hook()
    happen(cast)
    go(cast)
    later()
    assert attempts.take(only())
    assert not deliveries.may_send(only(), timezone.now())
    with pytest.raises(Conflict) as refused:
        sent_again(cast, only())
    assert "is being sent" in refused.value.message
    assert len(receiver.got) == 1
    later()  # the worker died: its lease has ended
    receiver.status = 200
    assert sent_again(cast, only()).state == "sent"


def test_people_of_an_organization_send_one_after_the_other(cast, hook, receiver):
    row, _ = hook()
    refusals = []

    def press_too() -> None:
        try:
            with at_once.alone(cast.northlight.organization_id):
                refusals.append("none")
        except Conflict as conflict:
            refusals.append(conflict.message)

    receiver.on_message = press_too
    assert sent_test(cast, row).state == "sent"
    assert sent_test(cast, row).state == "sent"
    assert refusals == 2 * [
        "Another message is being sent at the moment. Wait for its answer."
    ]
