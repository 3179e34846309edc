"""Deliveries on the wire: what is sent, how it is signed, when it is sent again."""

import json
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.audit.models import AuditEvent
from nsadmin.notifications import deliveries, kinds, outbox, webhooks
from nsadmin.notifications.models import Delivery, Event, Webhook
from nsadmin.notifications.outbox import News
from nsadmin.notifications.sending import attempts, turns
from nsadmin.stores import redis
from nsadmin.stores import webhook as wire
from tests.notifications.conftest import go, happen, later, person
from tests.notifications.receiver import is_signed


def only() -> Delivery:
    return Delivery.objects.select_related("webhook", "event").get()


def test_an_event_is_sent_once_with_a_valid_signature(cast, hook, receiver):
    _, secret = hook()
    happen(cast)
    go(cast)
    go(cast)
    [(headers, body)] = receiver.got
    assert receiver.paths == ["/hooks/T0PSECRET?room=7"]
    assert is_signed(secret, headers, body)
    assert not is_signed(secret, headers, body + b" ")
    assert not is_signed(wire.new_secret(), headers, body)
    told = json.loads(body)
    assert told["type"] == "namespace.drift.found"
    assert told["data"]["namespace_id"] == cast.own.namespace_id
    assert told["data"]["organization_id"] == cast.northlight.organization_id
    sent = only()
    assert (sent.state, sent.attempts, sent.status) == ("sent", 1, 200)
    assert (sent.answer, sent.error, sent.next_at) == ("ok", "", None)
    assert sent.took_ms is not None
    assert headers["webhook-id"] == sent.message_id


def test_an_event_that_is_written_twice_is_one(cast, hook, receiver):
    hook()
    happen(cast)
    happen(cast)
    go(cast)
    assert Event.objects.count() == 1
    assert len(receiver.got) == 1


@pytest.mark.parametrize("status", [204, 299])
def test_every_success_counts(cast, hook, receiver, status):
    receiver.status, receiver.body = status, b""
    hook()
    happen(cast)
    go(cast)
    assert (only().state, only().status) == ("sent", status)


@pytest.mark.parametrize("status", [301, 307, 400, 404, 500, 503])
def test_any_other_answer_is_sent_again_under_the_same_id(cast, hook, receiver, status):
    receiver.status = status
    _, secret = hook()
    happen(cast)
    before = timezone.now()
    go(cast)
    first = only()
    assert first.state == "waiting"
    more = "; redirects are not followed" if status in (301, 307) else ""
    assert first.error == f"The webhook answered with HTTP {status}{more}."
    assert first.next_at >= before + timedelta(seconds=wire.PAUSES[0])
    go(cast)
    assert len(receiver.got) == 1  # neither before its time, nor elsewhere
    receiver.status = 200
    later()
    go(cast)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert all(is_signed(secret, *one) for one in receiver.got)
    assert (only().state, only().attempts, only().error) == ("sent", 2, "")
    assert Webhook.objects.get().failures == 0


def test_it_is_given_up_after_the_last_pause(cast, hook, receiver):
    receiver.status = 500
    hook()
    happen(cast)
    for _ in range(len(wire.PAUSES) + 3):
        go(cast)
        later()
    assert len(receiver.got) == len(wire.PAUSES) + 1
    assert (only().state, only().next_at) == ("failed", None)


def test_gone_turns_the_webhook_off_and_tells_the_admins(cast, hook, receiver):
    receiver.status = 410
    hook()
    other, _ = hook(name="Second", kinds=[kinds.TURNED_OFF])
    happen(cast, 3)
    go(cast)
    first = Webhook.objects.get(name="Pager")
    assert not first.is_on
    assert first.off_reason == "The webhook answered with HTTP 410."
    assert len(receiver.got) == 1
    ends = first.deliveries.values_list("state", "error")
    assert set(ends) == {
        ("failed", "The webhook answered with HTTP 410."),
        ("failed", webhooks.TURNED_OFF),
    }
    audit = AuditEvent.objects.get(action="webhook:turn")
    assert audit.actor_kind == "system"
    receiver.status = 200
    go(cast)
    told = json.loads(receiver.got[-1][1])
    assert told["type"] == "webhook.turned_off"
    assert told["data"]["webhook_id"] == first.webhook_id
    assert only_of(other).state == "sent"


def only_of(row: Webhook) -> Delivery:
    return Delivery.objects.get(webhook=row)


def test_long_failure_turns_it_off_and_not_before(cast, hook, receiver):
    receiver.status = 500
    hook()
    happen(cast, 20)
    for _ in range(12):
        go(cast)
        later()
    assert Webhook.objects.get().is_on
    long_ago = timezone.now() - attempts.OFF_AFTER
    Webhook.objects.update(failing_since=long_ago)
    go(cast)
    assert not Webhook.objects.get().is_on
    assert set(Delivery.objects.values_list("state", flat=True)) == {"failed"}


def test_a_success_ends_the_failing(cast, hook, receiver):
    receiver.status = 500
    hook()
    happen(cast)
    go(cast)
    assert Webhook.objects.get().failing_since is not None
    receiver.status = 200
    later()
    go(cast)
    row = Webhook.objects.get()
    assert (row.failing_since, row.failures, row.paused_until) == (None, 0, None)


def test_a_huge_answer_is_not_read_whole(cast, hook, receiver):
    receiver.body = b"x" * 30_000_000
    hook()
    happen(cast)
    go(cast)
    assert only().state == "sent"
    receiver.status = 500
    happen(cast, kind=kinds.CLONED)
    go(cast)
    failed = Delivery.objects.get(event__kind=kinds.CLONED)
    assert failed.error == "The webhook answered with HTTP 500."
    assert len(failed.answer) == wire.MOST_TOLD


def test_a_slow_answer_ends_at_the_deadline(cast, hook, receiver, monkeypatch):
    monkeypatch.setattr(wire, "DEADLINE_S", 0.3)
    receiver.wait_s = 2.0
    hook()
    happen(cast)
    go(cast)
    late = only()
    assert (late.state, late.status) == ("waiting", None)
    assert "did not answer" in late.error
    assert late.took_ms < 1500


def test_a_failing_webhook_waits_and_the_others_go_on(cast, hook, receiver):
    hook(name="Good")
    dead, _ = hook(name="Dead", address=f"{receiver.origin}/dead")
    with_port_of_none = "http://127.0.0.1:9/"
    assert with_port_of_none not in receiver.address
    happen(cast, 40)
    turns.sweep()
    Webhook.objects.filter(pk=dead.pk).update(
        paused_until=timezone.now() + timedelta(hours=1)
    )
    turns.deliver(cast.northlight.organization_id)
    assert Delivery.objects.filter(webhook__name="Good", state="sent").count() == 40
    assert set(receiver.paths) == {"/hooks/T0PSECRET?room=7"}
    assert dead.deliveries.filter(state="waiting", attempts=0).count() == 40


def test_one_failure_a_turn_is_enough(cast, hook, receiver):
    receiver.status = 500
    hook()
    happen(cast, 40)
    go(cast)
    assert len(receiver.got) == 1


def test_a_worker_that_dies_before_it_records_sends_again(cast, hook, receiver):
    row, _ = hook()
    happen(cast)
    turns.sweep()
    delivery = only()
    assert attempts.take(delivery)
    with wire.to_customer(row.organization_id) as transport:
        attempts.send(transport, delivery, row)  # and no outcome is recorded
    go(cast)
    assert len(receiver.got) == 1  # its lease has not ended
    later()
    go(cast)
    assert len(receiver.got) == 2
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert (only().state, only().attempts) == ("sent", 2)


def test_two_workers_do_not_take_the_same_attempt(cast, hook):
    hook()
    happen(cast)
    turns.sweep()
    one, other = only(), only()
    assert attempts.take(one)
    assert not attempts.take(other)


def test_a_late_failure_does_not_undo_a_success(cast, hook):
    row, _ = hook()
    happen(cast)
    turns.sweep()
    late, fresh = only(), only()
    assert attempts.take(late)
    later()
    fresh.attempts = 1
    assert attempts.take(fresh)
    attempts.record(fresh, row, attempts.Outcome(wire.Answer(200), "", 5))
    attempts.record(late, row, attempts.Outcome(None, "No answer.", 9))
    assert only().state == "sent"
    assert Webhook.objects.get().failures == 0


def test_one_worker_at_a_time_serves_an_organization(cast, hook, receiver):
    receiver.wait_s = 0.2
    hook()
    happen(cast)
    turns.sweep()
    again = threading.Event()

    def come_twice() -> None:
        if not again.is_set():
            again.set()
            assert not redis.claim(
                f"{turns.DELIVER}:{cast.northlight.organization_id}", milliseconds=50
            )

    receiver.on_message = come_twice
    turns.deliver(cast.northlight.organization_id)
    assert again.is_set()
    assert only().state == "sent"


def test_a_chat_gets_a_text_that_mentions_nobody(cast, hook, receiver):
    row, secret = hook("slack")
    assert secret == ""
    assert row.secret is None
    happen(cast, namespace_name="a <!channel> & b")
    go(cast)
    [(headers, body)] = receiver.got
    assert "webhook-signature" not in headers
    text = json.loads(body)["text"]
    assert "“a &lt;!channel&gt; &amp; b”" in text
    assert "<" not in text


def test_a_replaced_secret_signs_for_a_day_too(cast, hook, receiver):
    row, old = hook()
    mark = webhooks.secret_mark(row)
    _, new = webhooks.replace_secret(
        person(cast), cast.northlight, row.webhook_id, mark=mark
    )
    happen(cast)
    go(cast)
    assert is_signed(old, *receiver.got[0])
    assert is_signed(new, *receiver.got[0])
    Webhook.objects.update(old_secret_until=timezone.now() - timedelta(seconds=1))
    happen(cast, kind=kinds.MOVED)
    go(cast)
    assert not is_signed(old, *receiver.got[1])
    assert is_signed(new, *receiver.got[1])


def test_a_webhook_gets_the_chosen_kinds_of_its_organization(cast, hook, receiver):
    hook(kinds=[kinds.MOVED])
    happen(cast)
    happen(cast, kind=kinds.MOVED)
    outbox.write(
        [News(kind=kinds.MOVED, key="x", organization_id=cast.halden.organization_id)]
    )
    go(cast)
    turns.deliver(cast.halden.organization_id)
    [(_, body)] = receiver.got
    assert json.loads(body)["type"] == kinds.MOVED
    assert only().organization_id == cast.northlight.organization_id


def test_ten_thousand_events_are_bounded_turns(
    cast, hook, receiver, django_assert_max_num_queries
):
    hook()
    happen(cast, 10_000)
    with django_assert_max_num_queries(2000):
        turns.sweep()
    assert Delivery.objects.count() == 10_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turns, "TURN_S", 1.0)
        turns.deliver(cast.northlight.organization_id)
    assert 0 < len(receiver.got) < 10_000
    sent = Delivery.objects.filter(state="sent").count()
    assert sent == len(receiver.got)


def test_what_was_made_while_it_was_turned_off_fails(cast, hook, receiver):
    row, _ = hook()
    happen(cast)
    turns.sweep()
    Webhook.objects.update(is_on=False)
    turns.deliver(row.organization_id)
    assert receiver.got == []
    assert (only().state, only().error) == ("failed", webhooks.TURNED_OFF)


def test_an_attempt_that_stops_every_worker_is_given_up(cast, hook, receiver):
    hook()
    happen(cast)
    turns.sweep()
    for _ in range(len(wire.PAUSES) + 1):
        assert attempts.take(only())  # and the worker dies
        later()
    go(cast)
    assert receiver.got == []
    assert (only().state, only().error) == ("failed", "No attempt had an outcome.")


def test_nothing_is_sent_for_a_suspended_organization(cast, hook, receiver):
    hook()
    happen(cast)
    turns.sweep()
    cast.northlight.suspended_at = timezone.now()
    cast.northlight.save()
    happen(cast, kind=kinds.MOVED)
    go(cast)
    assert receiver.got == []
    cast.northlight.suspended_at = None
    cast.northlight.save()
    go(cast)
    assert len(receiver.got) == 1


def test_old_events_go_with_their_deliveries(cast, hook, receiver):
    hook()
    happen(cast)
    go(cast)
    assert not deliveries.old_events().exists()
    Event.objects.update(created_at=timezone.now() - deliveries.KEPT_FOR)
    deliveries.old_events().delete()
    assert not Delivery.objects.exists()
