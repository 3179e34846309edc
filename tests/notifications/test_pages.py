"""Webhooks, deliveries and choices through the pages."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.notifications import kinds
from nsadmin.notifications.models import Delivery, MailChoice, Webhook
from nsadmin.notifications.sending import turns
from tests.notifications.conftest import go, happen
from tests.notifications.receiver import is_signed
from tests.pages.conftest import browse, sure

__all__ = ["browse", "sure"]

ROOT = "/organization/notifications/"


@pytest.fixture(autouse=True)
def _static_root(settings, tmp_path) -> None:
    settings.STATIC_ROOT = str(tmp_path)


def form(client, receiver, **more):
    """The form as it comes, filled in."""
    page = client.get(f"{ROOT}new/").content.decode()
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once
    return {
        "once": once[1],
        "name": "Pager",
        "address": receiver.address,
        "format": "signed",
        "kinds": [kinds.DRIFT],
        **more,
    }


def text_of(response) -> str:
    return response.content.decode()


def shown_after(client, response):
    """The page to which a form led, as the same browser reads it."""
    assert response.status_code == 303, response.content
    return client.get(response.headers["Location"])


def secret_in(response) -> str:
    found = re.search(r"whsec_[\w+/=]{44}", text_of(response))
    assert found, "no secret is shown"
    return found[0]


def test_a_webhook_is_added_its_secret_shown_once_and_it_works(sure, cast, receiver):
    client = sure()
    assert "No webhooks yet" in text_of(client.get(ROOT))
    sent = client.post(f"{ROOT}new/", form(client, receiver))
    row = Webhook.objects.get()
    made = shown_after(client, sent)
    assert made.headers["Cache-Control"] == "no-store"
    secret = secret_in(made)
    at = f"{ROOT}{row.webhook_id}/"
    for path in (ROOT, at, sent.headers["Location"]):
        shown = text_of(client.get(path, follow=True))
        assert "Pager" in shown
        assert receiver.origin in shown
        assert "T0PSECRET" not in shown
        assert "whsec_" not in shown
    happen(cast)
    go(cast)
    assert is_signed(secret, *receiver.got[0])
    shown = text_of(client.get(f"{ROOT}deliveries/"))
    assert "A namespace and its collection differ" in shown
    assert "HTTP 200" in shown


def test_a_form_that_is_sent_twice(sure, receiver):
    client = sure()
    sent = form(client, receiver)
    client.post(f"{ROOT}new/", sent)
    assert client.post(f"{ROOT}new/", sent).status_code == 409
    assert Webhook.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"address": "http://a.example/"}, "must begin with https"),
        ({"address": ""}, "Enter the address"),
        ({"address": "https://10.0.0.1/x"}, "must be public"),
        ({"address": "https://localhost/x"}, "must be public"),
        ({"name": ""}, "Enter a name"),
        ({"name": "a\u202eb"}, "invisible"),
        ({"kinds": []}, "at least one event"),
        ({"kinds": ["no.such"]}, "no.such"),
        ({"format": "smoke"}, "smoke"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(sure, receiver, more, said):
    client = sure()
    response = client.post(f"{ROOT}new/", form(client, receiver, **more))
    assert response.status_code == 422
    assert said in text_of(response)
    assert not Webhook.objects.exists()


def test_a_taken_name_is_said_at_its_field(sure, hook, receiver):
    hook()
    client = sure()
    response = client.post(f"{ROOT}new/", form(client, receiver))
    assert response.status_code == 422
    assert "There is already a webhook named Pager." in text_of(response)


def test_a_chat_has_no_secret(sure, receiver):
    client = sure()
    response = client.post(f"{ROOT}new/", form(client, receiver, format="slack"))
    assert response.status_code == 303
    page = text_of(client.get(response.headers["Location"]))
    assert "is added" in page
    assert "Replace the secret" not in page


def test_it_is_changed_turned_off_tested_and_deleted(sure, cast, hook, receiver):
    row, _ = hook()
    client, at = sure(), f"{ROOT}{row.webhook_id}/"
    sent = {"name": "Renamed", "address": "", "kinds": [kinds.MOVED]}
    assert client.post(at, sent).status_code == 303
    row.refresh_from_db()
    assert (row.name, row.kinds) == ("Renamed", [kinds.MOVED])
    assert client.post(f"{at}act/", {"act": "off"}).status_code == 303
    client.post(f"{at}act/", {"act": "test"})
    assert "Turn it on first" in text_of(client.get(ROOT))
    client.post(f"{at}act/", {"act": "on"})
    tested = client.post(f"{at}act/", {"act": "test"})
    assert tested.headers["Location"].startswith(f"{ROOT}deliveries/")
    assert "The test arrived at “Renamed”: HTTP 200" in text_of(
        shown_after(client, tested)
    )
    go(cast)
    assert len(receiver.got) == 1
    assert client.post(f"{at}act/", {"act": "explode"}).status_code == 422
    assert "cannot be undone" in text_of(client.get(f"{at}delete/"))
    assert client.post(f"{at}delete/").status_code == 303
    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()
    assert client.get(at).status_code == 404


def question(client, at):
    """The form that asks whether the secret is replaced, as it comes."""
    once = re.search(
        r'name="once" value="([^"]+)"', text_of(client.get(f"{at}secret/"))
    )
    assert once
    return {"once": once[1]}


def test_a_secret_is_replaced_once_and_shown_once(sure, hook, receiver, cast):
    row, first = hook()
    client, at = sure(), f"{ROOT}{row.webhook_id}/"
    sent = question(client, at)
    response = client.post(f"{at}secret/", sent)
    again = client.post(f"{at}secret/", sent)  # two clicks, before the page is shown
    assert again.headers["Location"] == response.headers["Location"]
    made = shown_after(client, response)
    secret = secret_in(made)
    assert secret != first
    assert "former secret signs too" in text_of(made)
    for repeated in (
        client.get(response.headers["Location"], follow=True),
        client.post(f"{at}secret/", sent, follow=True),
    ):
        assert "was shown once" in text_of(repeated)
        assert "whsec_" not in text_of(repeated)
    happen(cast)
    go(cast)
    for signing in (first, secret):
        assert is_signed(signing, *receiver.got[0])


def test_a_secret_is_not_looked_away_by_head(sure, hook):
    row, _ = hook()
    client, at = sure(), f"{ROOT}{row.webhook_id}/"
    response = client.post(f"{at}secret/", question(client, at))
    assert client.head(response.headers["Location"]).headers["Location"] == at
    assert secret_in(shown_after(client, response))


@pytest.mark.parametrize("once", ["", "made-up", "abc:def:ghi"])
def test_a_made_up_form_replaces_nothing(sure, hook, once):
    row, _ = hook()
    client, at = sure(), f"{ROOT}{row.webhook_id}/"
    refused = client.post(f"{at}secret/", {"once": once})
    assert refused.status_code == 422
    assert "The form has expired" in text_of(refused)
    row.refresh_from_db()
    assert row.old_secret is None


def test_the_form_of_another_webhook_replaces_nothing(sure, hook):
    row, _ = hook()
    other, _ = hook(name="Other")
    client = sure()
    sent = question(client, f"{ROOT}{other.webhook_id}/")
    client.post(f"{ROOT}{row.webhook_id}/secret/", sent)
    assert not Webhook.objects.exclude(old_secret=None).exists()


def test_a_chat_has_no_secret_to_replace(sure, hook):
    row, _ = hook("slack")
    client, at = sure(), f"{ROOT}{row.webhook_id}/"
    page = text_of(client.post(f"{at}secret/", question(client, at), follow=True))
    assert "are not signed" in page
    assert "was shown once" not in page


def test_a_delivery_is_sent_again_by_its_button(sure, cast, hook, receiver):
    receiver.status, receiver.body = 410, b"<script>alert(1)</script>"
    row, _ = hook()
    happen(cast)
    go(cast)
    client = sure()
    page = text_of(client.get(f"{ROOT}deliveries/?state=failed"))
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "Send again" not in page  # the webhook is off
    sent = Delivery.objects.get()
    again = f"{ROOT}deliveries/{sent.pk}/again/"
    client.post(again)
    assert len(receiver.got) == 1
    client.post(f"{ROOT}{row.webhook_id}/act/", {"act": "on"})
    receiver.status = 200
    assert f"Send again {sent.message_id}" in text_of(client.get(f"{ROOT}deliveries/"))
    arrived = text_of(shown_after(client, client.post(again)))
    assert "The message arrived at “Pager”: HTTP 200" in arrived
    assert len(receiver.got) == 2


def test_a_delivery_that_waits_is_sent_now_by_its_button(sure, cast, hook, receiver):
    receiver.status = 503
    hook()
    happen(cast)
    go(cast)
    client = sure()
    page = text_of(client.get(f"{ROOT}deliveries/"))
    assert "Retrying" in page
    assert f'aria-label="Send now {Delivery.objects.get().message_id}"' in page
    now = f"{ROOT}deliveries/{Delivery.objects.get().pk}/again/"
    said = text_of(shown_after(client, client.post(now)))
    assert "did not arrive at “Pager”. The webhook answered with HTTP 503." in said
    assert "It will be sent again automatically." in said
    receiver.status = 200
    said = text_of(shown_after(client, client.post(now)))
    assert "The message arrived at “Pager”: HTTP 200" in said
    assert "Send now" not in said


def test_what_waits_for_a_paused_webhook_says_until_when(sure, cast, hook, receiver):
    row, _ = hook()
    happen(cast)
    until = timezone.now() + timedelta(minutes=7)
    Webhook.objects.filter(pk=row.pk).update(failing_since=until, paused_until=until)
    go(cast)
    assert not receiver.got
    client = sure()
    shown = " ".join(text_of(client.get(f"{ROOT}deliveries/")).split())
    assert "The webhook failed and is paused until" in shown
    Webhook.objects.update(paused_until=timezone.now())
    assert "is paused until" not in text_of(client.get(f"{ROOT}deliveries/"))


def test_a_test_that_fails_says_so_at_once(sure, hook, receiver):
    receiver.status = 410
    row, _ = hook()
    client = sure()
    tested = client.post(f"{ROOT}{row.webhook_id}/act/", {"act": "test"})
    said = text_of(shown_after(client, tested))
    assert "The test did not arrive at “Pager”." in said
    assert "HTTP 410. The webhook is turned off." in said
    assert "It will be sent again" not in said


def test_pages_of_deliveries(sure, cast, hook, receiver):
    hook()
    happen(cast, 30)
    go(cast)
    client = sure()
    first = text_of(client.get(f"{ROOT}deliveries/"))
    older = re.search(r'href="([^"]*before=\d+)"', first)[1].replace("&amp;", "&")
    second = text_of(client.get(older))
    assert first.count('aria-label="Send again') == 25
    assert second.count('aria-label="Send again') == 5
    assert "Newest" in second
    for odd in ("before=x", "before=" + "9" * 40, "webhook=nothing&before=%00"):
        assert client.get(f"{ROOT}deliveries/?{odd}").status_code == 200


def test_an_open_session_of_staff_sees_and_changes_nothing(cast, sure, hook):
    row, _ = hook()
    cast.open_sessions("platform_admin")
    client = cast.browser("platform_admin")
    assert client.get(ROOT).status_code == 200
    sent = {"act": "off"}
    at = f"{ROOT}{row.webhook_id}/act/"
    assert client.post(at, sent).status_code in (403, 404)
    row.refresh_from_db()
    assert row.is_on


def test_a_person_chooses_mails(sure, cast, settings):
    client, at = sure("viewer"), "/account/notifications/"
    settings.NSADMIN_MAIL_WAY = "none"
    page = text_of(client.get(at))
    assert "sends no mail yet" in page
    settings.NSADMIN_MAIL_WAY = "console"
    page = text_of(client.get(at))
    assert "sends no mail yet" not in page
    assert page.count("checked") == 3
    response = client.post(at, {"choice": ["drift", "own_failed"]})
    assert response.status_code == 303
    page = text_of(client.get(at))
    assert "Notifications saved." in page
    assert page.count("checked") == 2
    assert MailChoice.objects.filter(user=cast.users["viewer"]).count() == 3


def test_the_next_attempt_is_the_same_everywhere_and_never_past(sure, cast, hook):
    """A delivery waits with its webhook, so the later of both times counts."""
    row, _ = hook()
    happen(cast)
    turns.sweep()
    client, now = sure(), timezone.now()
    past, soon, later = (now + timedelta(minutes=each) for each in (-3, 9, 17))
    Webhook.objects.update(failing_since=past, failures=1)
    Delivery.objects.update(error="The webhook could not be reached.", attempts=1)
    paths = (f"{ROOT}deliveries/", f"{ROOT}{row.webhook_id}/")
    for delivery_at, webhook_at, shown in (
        (past, later, later),
        (later, soon, later),
        (soon, None, soon),
        (past, past, None),
    ):
        Delivery.objects.update(next_at=delivery_at)
        Webhook.objects.update(paused_until=webhook_at)
        for path in paths:
            page = text_of(client.get(path))
            exact = [f'title="{each:%Y-%m-%d %H:%M:%S} UTC"' for each in (soon, later)]
            found = [each for each in exact if each in page]
            wanted = [f'title="{shown:%Y-%m-%d %H:%M:%S} UTC"'] if shown else []
            assert found == wanted, path
            assert ("due now" in page) == (shown is None), path
    Delivery.objects.update(state="sent", next_at=None)
    for path in paths:
        assert "due now" not in text_of(client.get(path))


def test_a_former_secret_that_has_ended_is_not_told_of(sure, hook):
    row, _ = hook()
    client, at = sure(), f"{ROOT}{row.webhook_id}/"
    client.post(f"{at}secret/", question(client, at))
    assert "former secret signs too" in text_of(client.get(at))
    assert "before the present one ends" in text_of(client.get(f"{at}secret/"))
    Webhook.objects.update(old_secret_until=timezone.now() - timedelta(seconds=1))
    assert "former secret signs too" not in text_of(client.get(at))
    assert "before the present one" not in text_of(client.get(f"{at}secret/"))


def test_the_state_of_a_failing_webhook_is_shown(sure, hook):
    row, _ = hook()
    now = timezone.now()
    Webhook.objects.update(failing_since=now, failures=4, paused_until=now)
    page = text_of(sure().get(f"{ROOT}{row.webhook_id}/"))
    assert "Failing since" in page
    assert "4 attempts" in page
