"""What waits is sent once: retries, refusals, two workers, a server that is away."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from nsadmin.mail import delivery, kinds, outbox
from nsadmin.mail.letters import Letter
from nsadmin.mail.models import Mail, State
from nsadmin.stores import redis
from tests.mail.servers import answering, free_port, mail_server

TO = "mara@northlight.example"
SECRET = "https://nsadmin.example/join/a-secret-of-the-link/"


@kinds.register("greeting")
def _greeting(asked: kinds.Asked) -> Letter | None:
    if asked.data.get("unwanted"):
        return None
    if asked.data.get("broken"):
        raise ValueError(SECRET)
    return Letter("Hello", f"Here is {asked.data.get('link', SECRET)}\n")


def ask(to: str = TO, **data: object) -> Mail:
    assert outbox.ask("greeting", to, data)
    return Mail.objects.latest("pk")


def later(mail: Mail, minutes: float = 61) -> None:
    """Let the next try be due."""
    redis.release("mail")
    Mail.objects.filter(pk=mail.pk).update(
        next_at=timezone.now() - timedelta(minutes=1)
    )


def state_of(mail: Mail) -> tuple[str, str]:
    mail.refresh_from_db()
    return mail.state, mail.fault


def test_a_mail_is_sent_once_and_its_content_is_erased(inbox) -> None:
    mail = ask(link=SECRET)
    assert SECRET not in str(mail.sealed)
    assert delivery.run() == {"sent": 1}
    assert inbox.recipients == [TO]
    assert SECRET in inbox.text()
    assert state_of(mail) == (State.SENT, "")
    assert mail.sealed is None
    assert mail.ended_at is not None
    assert delivery.run() == {}
    assert len(inbox.mails) == 1


def test_greylisting_is_tried_again_with_the_same_message_id(inbox) -> None:
    inbox.to_recipients = ["450 4.2.0 Greylisted, try again", ""]
    inbox.to_data = ["451 4.7.1 Try again", ""]
    mail = ask()
    assert delivery.run() == {"retried": 1}
    assert state_of(mail) == (State.WAITING, "recipient 450")
    assert mail.next_at > timezone.now() + timedelta(seconds=30)
    assert delivery.run() == {}
    later(mail)
    assert delivery.run() == {"retried": 1}
    assert state_of(mail) == (State.WAITING, "content 451")
    later(mail)
    assert delivery.run() == {"sent": 1}
    assert inbox.mails[0]["Message-ID"] == f"<{mail.mail_id}@northlight.example>"


@pytest.mark.parametrize(
    ("refusals", "fault"),
    [
        ({"to_recipients": ["550 5.1.1 Unknown"]}, "recipient 550"),
        ({"to_data": ["554 5.7.1 No"]}, "content 554"),
    ],
)
def test_a_final_refusal_is_not_tried_again(inbox, refusals, fault) -> None:
    for name, answers in refusals.items():
        setattr(inbox, name, answers)
    refused, other = ask(), ask("noor@northlight.example")
    assert delivery.run() == {"failed": 1, "sent": 1}
    assert state_of(refused) == (State.FAILED, fault)
    assert refused.sealed is None
    later(other)
    assert delivery.run() == {}
    assert inbox.recipients == ["noor@northlight.example"]


def test_a_mail_that_is_no_longer_wanted_is_dropped(inbox) -> None:
    mail = ask(unwanted=True)
    assert delivery.run() == {"dropped": 1}
    assert state_of(mail) == (State.DROPPED, "")
    assert not inbox.mails


def test_one_that_cannot_be_made_stops_no_other_and_logs_nothing(
    inbox, capsys, caplog
) -> None:
    broken = ask(broken=True)
    ask("noor@northlight.example")
    assert delivery.run() == {"retried": 1, "sent": 1}
    assert state_of(broken) == (State.WAITING, "other")
    said = caplog.text + "".join(capsys.readouterr())
    assert "ValueError" in said
    assert SECRET not in said
    assert TO not in said


def test_a_kind_of_a_later_release_waits_for_its_workers(inbox, monkeypatch) -> None:
    mail = ask()
    Mail.objects.filter(pk=mail.pk).update(kind="of-the-next-release")
    assert delivery.run() == {"retried": 1}
    assert state_of(mail) == (State.WAITING, "other")
    monkeypatch.setitem(kinds._composers, "of-the-next-release", _greeting)
    later(mail)
    assert delivery.run() == {"sent": 1}


def test_a_mail_waits_for_its_key(inbox, settings) -> None:
    mail, right = ask(), settings.NSADMIN_SEAL_KEYS
    settings.NSADMIN_SEAL_KEYS = ["t2:" + "B" * 43 + "="]
    assert delivery.run() == {"retried": 1}
    assert not inbox.mails
    assert outbox.reseal() == 1
    settings.NSADMIN_SEAL_KEYS = right
    later(mail)
    assert delivery.run() == {"sent": 1}


def test_the_seal_key_is_rotated_under_waiting_mails(inbox, settings) -> None:
    before = settings.NSADMIN_SEAL_KEYS
    ask()
    settings.NSADMIN_SEAL_KEYS = ["t2:" + "B" * 43 + "=", *before]
    assert outbox.reseal() == 0
    settings.NSADMIN_SEAL_KEYS = settings.NSADMIN_SEAL_KEYS[:1]
    assert delivery.run() == {"sent": 1}


def test_a_server_that_is_away_is_left_alone_and_loses_no_mail(led_to, db) -> None:
    led_to(free_port())
    mails = [ask(f"person{number}@example.org") for number in range(3)]
    assert delivery.run() == {"retried": 1}
    assert state_of(mails[0]) == (State.WAITING, "unreachable")
    # It rests: the others are not even tried, until the pause is over.
    assert delivery.run() == {}
    assert state_of(mails[1]) == (State.WAITING, "")
    with mail_server() as inbox:
        led_to(inbox.port)
        for mail in mails:
            later(mail)
        assert delivery.run() == {"sent": 3}
        assert len(inbox.mails) == 3


def test_a_silent_server_holds_a_run_no_longer_than_its_time(led_to, db) -> None:
    with answering(b"") as port:
        led_to(port, timeout_s=0.5)
        mails = [ask(f"person{number}@example.org") for number in range(3)]
        began = timezone.now()
        assert delivery.run() == {"retried": 1}
        assert (timezone.now() - began).total_seconds() < 3
        assert state_of(mails[0]) == (State.WAITING, "timeout")


def test_what_cannot_be_sent_in_its_time_is_given_up(led_to, db) -> None:
    led_to(free_port())
    mail = ask()
    delivery.run()
    Mail.objects.filter(pk=mail.pk).update(until=timezone.now())
    assert delivery.run() == {"failed": 1}
    assert state_of(mail) == (State.FAILED, "unreachable")
    assert mail.sealed is None


def test_the_waits_double_up_to_an_hour(inbox) -> None:
    mail, waits = ask(), []
    for _ in range(9):
        inbox.to_recipients = ["450 Later"]
        later(mail)
        delivery.run()
        mail.refresh_from_db()
        waits.append(round((mail.next_at - timezone.now()).total_seconds() / 60))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_one_run_at_a_time(inbox) -> None:
    ask()
    assert redis.claim("mail", milliseconds=5000)
    assert delivery.run() == {}
    redis.release("mail")
    assert delivery.run() == {"sent": 1}


def test_two_workers_without_redis_send_each_mail_once(
    shared_rows, led_to, settings
) -> None:
    """Each process has claims of its own then; the rows keep them apart."""
    settings.NSADMIN_MAIL_WAY = "smtp"
    for number in range(8):
        ask(f"person{number}@example.org")
    with mail_server() as inbox:
        led_to(inbox.port)
        both = threading.Barrier(2)

        def work() -> None:
            from collections import Counter

            both.wait()
            delivery._send_due(Counter(), until=float("inf"))
            connection.close()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(inbox.recipients) == [f"person{n}@example.org" for n in range(8)]
    assert set(Mail.objects.values_list("state", flat=True)) == {State.SENT}


def test_nothing_is_asked_for_without_a_way(settings, db) -> None:
    settings.NSADMIN_MAIL_WAY = "none"
    assert not outbox.ask("greeting", TO, {})
    assert not Mail.objects.exists()
    assert delivery.run() == {}


def test_a_key_is_asked_for_once(inbox) -> None:
    assert outbox.ask("greeting", TO, {}, key="the same")
    assert not outbox.ask("greeting", TO, {}, key="the same")
    assert delivery.run() == {"sent": 1}
    assert outbox.state_of("greeting", "the same") == "sent"
    assert outbox.state_of("greeting", "another") == ""


def test_what_is_rolled_back_sends_nothing(inbox) -> None:
    with transaction.atomic():
        ask()
        transaction.set_rollback(True)
    assert delivery.run() == {}


def test_an_address_is_not_flooded_by_one_kind(inbox) -> None:
    for _ in range(outbox.MOST_PER_ADDRESS):
        ask(TO.upper())
    assert not outbox.ask("greeting", TO, {})
    assert outbox.ask("notice", TO, {"name": "unknown"})
    Mail.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert outbox.ask("greeting", TO, {})


def test_an_organization_cannot_write_to_many_strangers(inbox) -> None:
    now = timezone.now()
    Mail.objects.bulk_create(
        Mail(
            mail_id=uuid.uuid4(),
            kind="greeting",
            recipient=f"p{number}@example.org",
            organization_id="org_a",
            until=now,
        )
        for number in range(outbox.MOST_PER_ORGANIZATION)
    )
    assert not outbox.ask("greeting", TO, {}, organization_id="org_a")
    assert outbox.ask("greeting", TO, {}, organization_id="org_b")


def test_an_address_that_is_too_long_gets_nothing(inbox) -> None:
    assert not outbox.ask("greeting", f"{'x' * 250}@example.org", {})


def test_old_mails_go(inbox) -> None:
    mail = ask()
    delivery.run()
    assert not outbox.old_mails().exists()
    Mail.objects.update(ended_at=timezone.now() - timedelta(days=8))
    assert outbox.old_mails().get() == mail


@pytest.mark.django_db(transaction=True)
def test_the_wake_up_message_carries_nothing(inbox, servers) -> None:
    ask(link=SECRET)
    raw = str(redis.client().lrange("maintenance", 0, -1))
    assert "nsadmin.mail.deliver" in raw
    assert SECRET not in raw
    assert TO not in raw
    redis.client().delete("maintenance")


def test_the_questions_of_a_run(inbox, django_assert_num_queries) -> None:
    with django_assert_num_queries(2):  # whether one is due, and one is too late
        delivery.run()
    for number in range(3):
        ask(f"person{number}@example.org")
    # Whether some are due, which, two updates for each, whether there are more.
    with django_assert_num_queries(1 + 1 + 3 * 2 + 1 + 1):
        delivery.run()


def test_the_questions_of_asking(inbox, django_assert_num_queries) -> None:
    with django_assert_num_queries(4):  # the limit; the row, in a savepoint
        outbox.ask("greeting", TO, {})
    with django_assert_num_queries(5):
        outbox.ask("greeting", TO, {}, organization_id="org_a")
