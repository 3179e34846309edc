"""Mails about memberships: invitations with their link, roles, the end."""

import re
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.test import Client

from nsadmin.access.models import Invitation
from nsadmin.access.organization import members
from nsadmin.access.permissions import Role
from nsadmin.access.web import step_up
from nsadmin.audit.models import AuditEvent
from nsadmin.mail import delivery
from nsadmin.mail.models import Mail
from tests.cast import Cast
from tests.pages.plans import hidden
from tests.pages.test_organization_invitations import NEW, asking, link_in, row_of

NELE = "nele@example.org"
DATA = {"email": NELE, "name": "Nele", "role": "member"}


@pytest.fixture
def sure(cast, settings, tmp_path) -> Callable[..., Client]:
    """Return a client whose password was given just now."""
    settings.STATIC_ROOT = str(tmp_path)

    def confirmed(role: str = "admin") -> Client:
        client = cast.browser(role)
        session = client.session
        session[step_up.SESSION_KEY] = time.time()
        session.save()
        return client

    return confirmed


def invite(client: Client, **data: str):
    return client.post(NEW, asking(client, **{**DATA, **data}), follow=True)


def mailed_link(inbox, number: int = -1) -> str:
    found = re.search(r"https?://\S+", inbox.text(number))
    assert found
    return found[0]


def test_an_invitation_is_mailed_with_the_link_of_the_page(sure, cast, inbox) -> None:
    client = sure()
    assert b"They get a mail with a link." in client.get(NEW).content
    shown = invite(client)
    text = " ".join(shown.content.decode().split())
    assert f"A mail with this link is on its way to <b>{NELE}</b>" in text
    assert delivery.run() == {"sent": 1}
    assert inbox.recipients == [NELE]
    assert inbox.mails[0]["Subject"] == "Join Northlight Media in nsadmin"
    assert urlsplit(mailed_link(inbox)).path == link_in(shown)
    said = inbox.text()
    assert "invites you to the organization “Northlight Media”, as member" in said
    assert Client().get(link_in(shown)).status_code == 200


def test_a_repeated_form_mails_nothing_more(sure, cast, inbox) -> None:
    client = sure()
    sent = asking(client, **DATA)
    client.post(NEW, sent, follow=True)
    assert client.post(NEW, sent).status_code == 409
    assert delivery.run() == {"sent": 1}


def test_a_new_link_is_mailed_and_the_replaced_one_is_not(sure, inbox) -> None:
    client = sure()
    first = link_in(invite(client))
    again = client.post(row_of(NELE), {"step": "link"}, follow=True)
    assert delivery.run() == {"dropped": 1, "sent": 1}
    assert urlsplit(mailed_link(inbox)).path == link_in(again) != first


def test_a_withdrawn_invitation_mails_nothing(sure, inbox) -> None:
    client = sure()
    invite(client)
    client.post(row_of(NELE), {"step": "withdraw"})
    assert delivery.run() == {"dropped": 1}


def test_a_used_link_is_not_mailed_later(sure, inbox) -> None:
    link = link_in(invite(sure()))
    chosen = {"password1": "a-password-of-mine", "password2": "a-password-of-mine"}
    assert Client().post(link, chosen).status_code == 302
    assert delivery.run() == {"dropped": 1}


def test_the_link_lies_nowhere_in_the_clear(sure, inbox) -> None:
    secret = link_in(invite(sure())).split("/")[-2]
    assert secret not in str(list(Mail.objects.values()))
    assert secret not in str(list(Invitation.objects.values()))
    assert secret not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("sent", "A mail with this link was sent to"),
        ("failed", "The mail server did not accept the mail to"),
    ],
)
def test_the_page_says_what_became_of_the_mail(sure, inbox, state, words) -> None:
    client = sure()
    if state == "failed":
        inbox.to_recipients = ["550 Unknown"]
    posted = client.post(NEW, asking(client, **DATA))
    delivery.run()
    shown = client.get(posted.headers["Location"]).content.decode()
    assert words in " ".join(shown.split())


def test_the_list_tells_of_a_mail_that_was_not_accepted(sure, inbox) -> None:
    client = sure()
    inbox.to_recipients = ["550 Unknown"]
    invite(client)
    invite(client, email="ola@example.org")
    assert b"The mail was not accepted" not in client.get("/organization/").content
    assert delivery.run() == {"failed": 1, "sent": 1}
    shown = client.get("/organization/").content.decode()
    assert shown.count("The mail was not accepted") == 1
    row = shown[: shown.index("The mail was not accepted")].rpartition("<tr>")[2]
    assert NELE in row
    client.post(row_of(NELE), {"step": "link"}, follow=True)
    delivery.run()
    assert b"The mail was not accepted" not in client.get("/organization/").content


def test_beyond_the_limit_the_page_says_that_no_mail_was_sent(sure, inbox) -> None:
    client = sure()
    for _ in range(11):
        shown = invite(client)
    assert b"No mail was sent: too many invitations" in shown.content
    assert b'id="once"' in shown.content
    assert Mail.objects.count() == 10


def test_without_mail_the_page_is_as_it_was(sure, settings) -> None:
    settings.NSADMIN_MAIL_WAY = "none"
    client = sure()
    assert b"You get a link to pass on, shown once." in client.get(NEW).content
    shown = invite(client)
    assert b"A mail" not in shown.content
    assert b"No mail" not in shown.content
    assert link_in(shown)


def test_the_first_admin_of_an_organization_gets_a_mail(sure, inbox) -> None:
    client = sure("platform_admin")
    new = "/platform/organizations/new/"
    once = hidden(client.get(new).content.decode())["once"][0]
    data = {"once": once, "name": "Fjord Archive", "plan": "pro", "email": NELE}
    shown = client.post(new, data, follow=True)
    text = " ".join(shown.content.decode().split())
    assert "A mail with this link is on its way to" in text
    assert "They become the admin when they join with it." in text
    assert delivery.run() == {"sent": 1}
    assert inbox.mails[0]["Subject"] == "Join Fjord Archive in nsadmin"
    assert "as admin" in inbox.text()
    assert urlsplit(mailed_link(inbox)).path == link_in(shown)


def test_another_role_and_the_end_are_told(cast: Cast, inbox) -> None:
    member = cast.northlight.memberships.get(user=cast.users["member"])
    actor = cast.actor()
    assert members.change_role(actor, member, Role.VIEWER)
    assert not members.change_role(actor, member, Role.VIEWER)
    members.remove(actor, member)
    assert delivery.run() == {"sent": 2}
    assert [mail["Subject"] for mail in inbox.mails] == [
        "Your role in Northlight Media is viewer now",
        "You are no longer a member of Northlight Media",
    ]
    assert set(inbox.recipients) == {cast.users["member"].email}
    assert "from member to viewer" in inbox.text(0)
    assert "removed you from the organization “Northlight Media”" in inbox.text(1)
