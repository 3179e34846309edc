"""Webhooks, deliveries and choices through the pages."""

import re

import pytest
from django.utils import timezone

from nsadmin.notifications import kinds
from nsadmin.notifications.models import Delivery, MailChoice, Webhook
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


def test_a_webhook_is_added_its_secret_shown_once_and_it_works(sure, cast, receiver):
    client = sure()
    assert "No webhooks yet" in text_of(client.get(ROOT))
    made = client.post(f"{ROOT}new/", form(client, receiver))
    assert made.status_code == 200
    assert made.headers["Cache-Control"] == "no-store"
    secret = re.search(r"whsec_[\w+/=]{44}", text_of(made))[0]
    row = Webhook.objects.get()
    for path in (ROOT, f"{ROOT}{row.webhook_id}/"):
        shown = text_of(client.get(path))
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
    go(cast)
    assert len(receiver.got) == 1
    assert client.post(f"{at}act/", {"act": "explode"}).status_code == 422
    assert "cannot be undone" in text_of(client.get(f"{at}delete/"))
    assert client.post(f"{at}delete/").status_code == 303
    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()
    assert client.get(at).status_code == 404


def test_a_secret_is_replaced(sure, hook, receiver, cast):
    row, _ = hook()
    response = sure().post(f"{ROOT}{row.webhook_id}/secret/")
    secret = re.search(r"whsec_[\w+/=]{44}", text_of(response))[0]
    happen(cast)
    go(cast)
    assert is_signed(secret, *receiver.got[0])


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
    assert client.post(again).status_code == 303
    go(cast)
    assert len(receiver.got) == 2


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


def test_the_state_of_a_failing_webhook_is_shown(sure, hook):
    row, _ = hook()
    now = timezone.now()
    Webhook.objects.update(failing_since=now, failures=4, paused_until=now)
    page = text_of(sure().get(f"{ROOT}{row.webhook_id}/"))
    assert "Failing since" in page
    assert "4 attempts" in page
