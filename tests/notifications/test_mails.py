"""Mails: who gets which, what they say, and what happens if none can be sent."""

import smtplib
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from django.core import mail
from django.utils import timezone

from nsadmin.access.models import Membership, Organization, User
from nsadmin.access.permissions import Role
from nsadmin.notifications import choices, kinds, outbox
from nsadmin.notifications.models import Delivery, MailChoice
from nsadmin.notifications.outbox import News
from nsadmin.notifications.sending import mails, turns
from tests.notifications.conftest import go, happen, later

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture(autouse=True)
def _mailing(settings):
    settings.EMAIL_BACKEND = LOCMEM
    settings.NSADMIN_ALLOWED_HOSTS = ["console.example"]


def told() -> list[str]:
    """Who got mails, by the roles in their addresses."""
    return sorted(sent.to[0].partition("@")[0] for sent in mail.outbox)


def html_of(sent) -> str:
    html, media = sent.alternatives[0]
    assert media == "text/html"
    return str(html)


def ended(cast, kind: str, who: str = "member", **facts) -> None:
    """Let a job of a person end."""
    news = News(
        kind=kind,
        key=f"{kind}:{who}",
        organization_id=cast.northlight.organization_id,
        person_id=str(cast.users[who].pk),
        facts={
            "job_id": "00000000-0000-0000-0000-000000000007",
            "namespace_name": "films",
            **facts,
        },
    )
    outbox.write([news])


def test_ones_own_failed_job_is_told_at_first_and_nothing_else(cast):
    ended(cast, kinds.CLONE_FAILED)
    ended(cast, kinds.CLONED)
    happen(cast)
    happen(cast, kind=kinds.SUPPORT_BEGUN)
    go(cast)
    assert told() == ["member"]
    [sent] = mail.outbox
    assert sent.subject == "[Northlight Media] The clone “films” failed."
    assert "https://console.example/jobs/00000000-" in sent.body
    assert "https://console.example/account/notifications/" in sent.body
    html = html_of(sent)
    assert 'href="https://console.example/jobs/' in html
    assert sent.extra_headers["List-Unsubscribe"] == (
        "<https://console.example/account/notifications/>"
    )


@pytest.mark.parametrize("kind", [kinds.BREAK_GLASS, kinds.TURNED_OFF])
def test_what_every_admin_is_told_at_first(cast, kind):
    happen(cast, kind=kind, webhook_name="Pager")
    go(cast)
    assert told() == ["admin"]


def test_an_admin_elsewhere_is_no_admin_here(cast):
    Membership.objects.create(
        user=cast.users["viewer"], organization=cast.halden, role=Role.ADMIN
    )
    happen(cast, kind=kinds.BREAK_GLASS)
    go(cast)
    assert told() == ["admin"]


def test_people_get_what_they_chose(cast):
    choices.choose(cast.users["viewer"], {"drift"})
    choices.choose(cast.users["admin"], {"drift", "others_failed"})
    choices.choose(cast.users["member"], set())
    choices.choose(cast.users["stranger"], {"drift"})
    happen(cast)
    ended(cast, kinds.CLONE_FAILED)
    go(cast)
    assert told() == ["admin", "viewer"]  # of the member's job the admin learns too
    assert any("And 1 more" in sent.subject for sent in mail.outbox)


def test_ones_own_job_is_not_one_of_others(cast):
    choices.choose(cast.users["member"], {"others_failed"})
    ended(cast, kinds.CLONE_FAILED)
    go(cast)
    assert mail.outbox == []


def test_choices_are_kept_where_they_differ(cast):
    user = cast.users["admin"]
    first = {choice.name for choice, is_on in choices.of(user) if is_on}
    assert first == {"own_failed", "emergency", "webhook_off"}
    choices.choose(user, first)
    assert not MailChoice.objects.exists()
    choices.choose(user, {"drift", "no such choice"})
    assert {c.name for c, is_on in choices.of(user) if is_on} == {"drift"}
    assert MailChoice.objects.count() == 4


def test_who_has_left_gets_nothing_that_waits(cast):
    ended(cast, kinds.CLONE_FAILED)
    turns.sweep()
    Membership.objects.filter(user=cast.users["member"]).delete()
    turns.deliver(cast.northlight.organization_id)
    assert mail.outbox == []
    assert Delivery.objects.get().error == "The person is no member any more."


@pytest.mark.parametrize("what", ["inactive", "suspended"])
def test_who_cannot_sign_in_gets_nothing(cast, what):
    if what == "inactive":
        User.objects.filter(pk=cast.users["member"].pk).update(is_active=False)
    else:
        Organization.objects.update(suspended_at=timezone.now())
    ended(cast, kinds.CLONE_FAILED)
    go(cast)
    assert (mail.outbox, Delivery.objects.count()) == ([], 0)


def test_without_a_mail_server_no_mail_waits(cast, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = SMTP, "localhost"
    assert not mails.is_configured()
    ended(cast, kinds.CLONE_FAILED)
    go(cast)
    assert not Delivery.objects.exists()


def test_a_name_adds_no_header_and_no_markup(cast):
    name = "a\r\nBcc: evil@x.example\u2028<b>bold</b>"
    cast.northlight.name = "North\nlight"
    cast.northlight.save()
    ended(cast, kinds.CLONE_FAILED, namespace_name=name)
    go(cast)
    [sent] = mail.outbox
    assert "\n" not in sent.subject
    assert "\r" not in sent.subject
    assert sent.message()["Bcc"] is None
    assert "<b>" not in html_of(sent)
    assert sent.recipients() == [cast.users["member"].email]


def test_many_events_are_one_mail_and_the_next_waits(cast):
    choices.choose(cast.users["admin"], {"drift"})
    happen(cast, 300)
    go(cast)
    [sent] = mail.outbox
    assert "And 299 more" in sent.subject
    assert sent.body.count("differ.") == 50
    assert "And 250 more." in sent.body
    happen(cast, 301)
    go(cast)
    assert len(mail.outbox) == 1
    Delivery.objects.filter(state="sent").update(
        attempted_at=timezone.now() - timedelta(minutes=5)
    )
    go(cast)
    assert len(mail.outbox) == 2


def test_ten_thousand_events_are_few_mails(cast):
    choices.choose(cast.users["admin"], {"drift"})
    happen(cast, 10_000)
    go(cast)
    assert len(mail.outbox) == 1
    assert Delivery.objects.filter(state="sent").count() == mails.MOST_IN_ONE


class Mailbox:
    """Keeps mails, or refuses them."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.got.append(envelope.content)
        return self.answer


@pytest.fixture
def mailbox(settings):
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=0)
    server.port = _free_port()
    server.start()
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = SMTP, "127.0.0.1"
    settings.EMAIL_PORT = server.port
    yield box
    server.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_mail_over_the_wire(cast, mailbox):
    ended(cast, kinds.MOVE_FAILED, namespace_name="Фильмы 🎬")
    go(cast)
    [sent] = mailbox.got
    assert b"Auto-Submitted: auto-generated" in sent
    assert b"Message-ID: <msg_" in sent
    assert Delivery.objects.get().state == "sent"


def test_a_mail_server_that_refuses_is_asked_again(cast, mailbox):
    mailbox.answer = "451 S3CRET: try again"
    ended(cast, kinds.MOVE_FAILED)
    go(cast)
    waits = Delivery.objects.get()
    assert (waits.state, waits.attempts) == ("waiting", 1)
    assert waits.error == "The mail server did not take the mail."
    mailbox.answer = "250 OK"
    later()
    go(cast)
    assert Delivery.objects.get().state == "sent"
    assert len(mailbox.got) == 2


def test_a_mail_server_that_is_away_stops_no_webhook(cast, hook, receiver, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = SMTP, "127.0.0.1"
    settings.EMAIL_PORT = _free_port()
    with pytest.raises((OSError, smtplib.SMTPException)):
        smtplib.SMTP("127.0.0.1", settings.EMAIL_PORT, timeout=1)
    hook()
    ended(cast, kinds.CLONE_FAILED)
    go(cast)
    assert len(receiver.got) == 1
    assert Delivery.objects.get(webhook__isnull=False).state == "sent"
    assert Delivery.objects.get(user__isnull=False).state == "waiting"
