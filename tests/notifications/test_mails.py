"""Mails: who gets which, what they say, and what happens if none can be sent."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.access.models import Membership, Organization, User
from nsadmin.access.permissions import Role
from nsadmin.mail import delivery
from nsadmin.mail import outbox as asked_mails
from nsadmin.mail.models import Mail
from nsadmin.notifications import choices, kinds, outbox
from nsadmin.notifications.models import Delivery, MailChoice
from nsadmin.notifications.outbox import News
from nsadmin.notifications.sending import mails, turns
from nsadmin.stores import redis
from tests.hostile.texts import HOSTILE
from tests.mail.conftest import inbox, led_to
from tests.mail.servers import free_port
from tests.notifications import conftest
from tests.notifications.conftest import happen, later

__all__ = ["inbox", "led_to"]


@pytest.fixture(autouse=True)
def _known_site(settings, stores):
    settings.NSADMIN_ALLOWED_HOSTS = ["console.example"]
    redis.release("mail")


def go(cast) -> dict[str, int]:
    """Do what a sweep, a worker, and the worker of mails do."""
    conftest.go(cast)
    return delivery.run()


def told(inbox) -> list[str]:
    """Who got mails, by the roles in their addresses."""
    return sorted(address.partition("@")[0] for address in inbox.recipients)


def subject(inbox, number: int = -1) -> str:
    """The subject of a mail; Python's parser keeps the space of a folded line."""
    return str(inbox.mails[number]["Subject"]).strip()


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


def test_ones_own_failed_job_is_told_at_first_and_nothing_else(cast, inbox):
    ended(cast, kinds.CLONE_FAILED)
    ended(cast, kinds.CLONED)
    happen(cast)
    happen(cast, kind=kinds.SUPPORT_BEGUN)
    assert go(cast) == {"sent": 1}
    assert told(inbox) == ["member"]
    [sent] = inbox.mails
    assert subject(inbox) == "[Northlight Media] The clone “films” failed."
    page = "https://console.example/jobs/00000000-0000-0000-0000-000000000007/"
    text = "\n".join(inbox.text().splitlines())
    assert f"\n\nThe clone “films” failed.\n{page}\n" in text
    assert f'<a href="{page}">The clone “films” failed.</a>' in inbox.html()
    chosen = "https://console.example/account/notifications/"
    assert text.endswith(f"Choose your mails:\n{chosen}")
    assert f'<a href="{chosen}">Choose your mails</a>' in inbox.html()
    assert sent["List-Unsubscribe"] == f"<{chosen}>"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert Delivery.objects.get().state == "sent"


def test_without_a_known_address_there_are_no_links(cast, inbox, settings):
    settings.NSADMIN_ALLOWED_HOSTS = [".console.example", "127.0.0.1:*"]
    ended(cast, kinds.CLONE_FAILED)
    assert go(cast) == {"sent": 1}
    assert "The clone “films” failed." in inbox.text()
    assert "://" not in inbox.text()
    assert "href" not in inbox.html()
    assert inbox.mails[0]["List-Unsubscribe"] is None


@pytest.mark.parametrize("kind", [kinds.BREAK_GLASS, kinds.TURNED_OFF])
def test_what_every_admin_is_told_at_first(cast, kind, inbox):
    happen(cast, kind=kind, webhook_name="Pager")
    go(cast)
    assert told(inbox) == ["admin"]


def test_an_admin_elsewhere_is_no_admin_here(cast, inbox):
    Membership.objects.create(
        user=cast.users["viewer"], organization=cast.halden, role=Role.ADMIN
    )
    happen(cast, kind=kinds.BREAK_GLASS)
    go(cast)
    assert told(inbox) == ["admin"]


def test_people_get_what_they_chose(cast, inbox):
    choices.choose(cast.users["viewer"], {"drift"})
    choices.choose(cast.users["admin"], {"drift", "others_failed"})
    choices.choose(cast.users["member"], set())
    choices.choose(cast.users["stranger"], {"drift"})
    happen(cast)
    ended(cast, kinds.CLONE_FAILED)
    go(cast)
    assert told(inbox) == [
        "admin",
        "viewer",
    ]  # of the member's job the admin learns too
    assert any("And 1 more" in subject(inbox, n) for n in range(2))


def test_ones_own_job_is_not_one_of_others(cast, inbox):
    choices.choose(cast.users["member"], {"others_failed"})
    ended(cast, kinds.CLONE_FAILED)
    assert go(cast) == {}
    assert not inbox.mails


def test_choices_are_kept_where_they_differ(cast):
    user = cast.users["admin"]
    first = {choice.name for choice, is_on in choices.of(user) if is_on}
    assert first == {"own_failed", "emergency", "webhook_off"}
    choices.choose(user, first)
    assert not MailChoice.objects.exists()
    choices.choose(user, {"drift", "no such choice"})
    assert {c.name for c, is_on in choices.of(user) if is_on} == {"drift"}
    assert MailChoice.objects.count() == 4


@pytest.mark.parametrize("what", ["left", "inactive", "suspended", "other"])
def test_what_waits_is_not_sent_to_one_who_may_not_see_it(cast, inbox, what):
    ended(cast, kinds.CLONE_FAILED)
    conftest.go(cast)
    assert Delivery.objects.get().state == "sent"
    user = User.objects.filter(pk=cast.users["member"].pk)
    match what:
        case "left":
            user.get().memberships.all().delete()
        case "inactive":
            user.update(is_active=False)
        case "suspended":
            Organization.objects.update(suspended_at=timezone.now())
        case "other":
            user.update(email="another@northlight.example")
    assert delivery.run() == {"dropped": 1}
    assert not inbox.mails


@pytest.mark.parametrize("what", ["inactive", "suspended"])
def test_who_cannot_sign_in_gets_nothing(cast, inbox, what):
    if what == "inactive":
        User.objects.filter(pk=cast.users["member"].pk).update(is_active=False)
    else:
        Organization.objects.update(suspended_at=timezone.now())
    ended(cast, kinds.CLONE_FAILED)
    assert go(cast) == {}
    assert not Delivery.objects.exists()


def test_without_a_mail_server_no_mail_waits(cast, settings):
    settings.NSADMIN_MAIL_WAY = "none"
    ended(cast, kinds.CLONE_FAILED)
    assert go(cast) == {}
    assert not Delivery.objects.exists()


def test_mail_that_is_turned_off_ends_what_waits(cast, inbox, settings):
    ended(cast, kinds.CLONE_FAILED)
    turns.sweep()
    settings.NSADMIN_MAIL_WAY = "none"
    assert go(cast) == {}
    row = Delivery.objects.get()
    assert (row.state, row.next_at) == ("failed", None)
    assert row.error == "This installation sends no mail any more."
    assert not Mail.objects.exists()


def test_a_name_adds_no_header_and_no_markup(cast, inbox):
    name = "a\r\nBcc: evil@x.example\u2028<b>bold</b>"
    cast.northlight.name = "North\nlight"
    cast.northlight.save()
    ended(cast, kinds.CLONE_FAILED, namespace_name=name)
    go(cast)
    [sent] = inbox.mails
    assert subject(inbox).startswith("[North light] The clone “a Bcc: evil")
    assert sent["Bcc"] is None
    assert "<b>" not in inbox.html()
    assert inbox.recipients == [cast.users["member"].email]


@pytest.mark.parametrize("name", HOSTILE[::8])
def test_a_hostile_name_stays_a_name(cast, inbox, name):
    ended(cast, kinds.CLONE_FAILED, namespace_name=name)
    go(cast)
    assert inbox.text().count("://") == 2
    assert inbox.html().count("<a ") == 2
    assert "\n" not in subject(inbox, 0)


def test_emergency_access_is_in_the_subject(cast, inbox):
    choices.choose(cast.users["admin"], {"drift", "emergency"})
    happen(cast, 3)
    happen(cast, kind=kinds.BREAK_GLASS)
    go(cast)
    assert subject(inbox, 0) == (
        "[Northlight Media] Emergency access: support bypassed your approval. "
        "And 3 more"
    )


def test_many_events_are_one_mail_and_the_next_waits(cast, inbox):
    choices.choose(cast.users["admin"], {"drift"})
    happen(cast, 300)
    assert go(cast) == {"sent": 1}
    assert "And 299 more" in subject(inbox, 0)
    assert inbox.text().count("differ.") == 50
    assert "And 250 more." in inbox.text()
    assert inbox.html().count("differ.</a>") == 50
    happen(cast, 301)
    assert go(cast) == {}
    a_while_later()
    assert go(cast) == {"sent": 1}


def a_while_later() -> None:
    """Let the last mails be longer ago than the pause between two of them."""
    Delivery.objects.filter(state="sent").update(
        attempted_at=timezone.now() - timedelta(minutes=5)
    )


def test_ten_thousand_events_are_few_mails(cast, inbox):
    choices.choose(cast.users["admin"], {"drift"})
    happen(cast, 10_000)
    assert go(cast) == {"sent": 1}
    assert Delivery.objects.filter(state="sent").count() == mails.MOST_IN_ONE


def test_beyond_the_limit_of_an_address_events_wait_for_the_next_mail(cast, inbox):
    choices.choose(cast.users["admin"], {"drift"})
    most = asked_mails.MOST_PER_ADDRESS
    for number in range(1, most + 3):
        happen(cast, number)
        conftest.go(cast)
        a_while_later()
    assert Mail.objects.count() == most
    assert delivery.run() == {"sent": most}
    waiting = Delivery.objects.filter(state="waiting")
    assert waiting.count() == 2
    assert not waiting.filter(next_at__lte=timezone.now()).exists()
    Mail.objects.update(created_at=timezone.now() - timedelta(hours=2))
    later()
    assert go(cast) == {"sent": 1}
    assert "And 1 more" in subject(inbox)
    assert not waiting.exists()


def test_two_workers_hand_a_mail_over_once(cast, inbox):
    ended(cast, kinds.CLONE_FAILED)
    turns.sweep()
    rows = list(Delivery.objects.select_related("user"))
    mails.hand_over(rows)
    mails.hand_over(rows)
    assert Mail.objects.count() == 1
    assert Delivery.objects.get().state == "sent"
    assert delivery.run() == {"sent": 1}


def test_a_mail_over_the_wire(cast, inbox):
    ended(cast, kinds.MOVE_FAILED, namespace_name="Фильмы 🎬")
    go(cast)
    assert "“Фильмы 🎬”" in subject(inbox, 0)
    assert "The move of “Фильмы 🎬” to another cluster failed." in inbox.text()


def test_the_cost_of_handing_a_mail_over(cast, inbox, django_assert_num_queries):
    choices.choose(cast.users["admin"], {"drift"})
    happen(cast, 100)
    turns.sweep()
    rows = list(Delivery.objects.select_related("user").order_by("pk"))
    with django_assert_num_queries(7):  # two savepoints around three statements
        mails.hand_over(rows)


def test_a_mail_server_that_is_away_stops_no_webhook(cast, hook, receiver, led_to):
    led_to(free_port())
    hook()
    ended(cast, kinds.CLONE_FAILED)
    assert go(cast) == {"retried": 1}
    assert len(receiver.got) == 1
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert Mail.objects.get().state == "waiting"
