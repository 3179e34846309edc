"""Inviting through the pages: one answer for every address, links that are shown once."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.html import escape

from nsadmin.access.models import Invitation, Membership, User
from nsadmin.audit.models import AuditEvent
from tests.cast import invite
from tests.pages.plans import hidden
from tests.people import PASSWORD

NEW = "/organization/members/new/"
ALL = "/organization/"


def asking(client, **data):
    """The form as it comes, filled in."""
    return {"once": hidden(client.get(NEW).content.decode())["once"][0], **data}


def link_in(response) -> str:
    found = re.search(r'id="once">https?://[^/]+(/[^<]+)<', response.content.decode())
    assert found, "no link is shown"
    return found[1]


def row_of(email: str) -> str:
    return f"/organization/invitations/{Invitation.objects.get(email=email).pk}/"


def test_a_link_is_shown_once_and_nobody_is_a_member_by_it(sure, cast):
    client = sure()
    data = {"email": "New@Example.org", "name": "Neu Kam", "role": "member"}
    response = client.post(NEW, asking(client, **data), follow=True)
    assert response.redirect_chain == [(row_of("new@example.org"), 303)]
    assert response.headers["Cache-Control"] == "no-store"
    assert b"Neu Kam is invited, as member" in response.content
    link = link_in(response)
    listed = client.get(ALL).content
    assert b"Invited, not joined yet" in listed
    assert b"new@example.org" in listed
    assert link.encode() not in listed
    assert cast.northlight.memberships.count() == 3
    assert not User.objects.filter(email="new@example.org").exists()
    assert "that was not used" not in response.content.decode()
    again = client.post(NEW, asking(client, **data), follow=True)
    assert link_in(again) != link
    assert client.get(link).status_code == 404


def test_a_second_invitation_names_the_first_and_keeps_its_name(sure):
    client = sure()
    data = {"email": "new@example.org", "name": "Neu Kam", "role": "member"}
    client.post(NEW, asking(client, **data), follow=True)
    first = Invitation.objects.get(email=data["email"]).created_at
    again = client.post(NEW, asking(client, **{**data, "name": ""}), follow=True)
    text = " ".join(again.content.decode().split())
    assert f"an invitation of {first:%-d %B %Y, %H:%M} UTC that was not used" in text
    assert "Neu Kam is invited, as member" in text
    assert Invitation.objects.get(email=data["email"]).name == "Neu Kam"


def test_a_repeated_form_leaves_the_link_that_it_was_shown(sure):
    client = sure()
    sent = asking(client, email="new@example.org", name="Neu Kam", role="member")
    link = link_in(client.post(NEW, sent, follow=True))
    again = client.post(NEW, sent)
    assert again.status_code == 409
    assert b"This form was sent already" in again.content
    assert client.get(link).status_code == 200
    assert AuditEvent.objects.filter(action="member:invite").count() == 1
    client.post(row_of("new@example.org"), {"step": "withdraw"})
    assert client.post(NEW, sent).status_code == 409
    assert not Invitation.objects.exists()


def test_a_reload_says_that_the_link_was_shown_and_changes_nothing(sure):
    client = sure()
    sent = asking(client, email="new@example.org", name="Neu Kam", role="member")
    first = client.post(NEW, sent, follow=True)
    address = row_of("new@example.org")
    assert address == first.redirect_chain[0][0]
    link = link_in(first)
    # The session never held it as text.
    assert link.split("/")[-2] not in str(dict(client.session))
    again = client.get(address, follow=True)
    assert again.redirect_chain == [(ALL, 302)]
    text = again.content.decode()
    assert "The link for Neu Kam was shown once." in text
    assert "already" not in text
    assert link not in text
    assert client.get(link).status_code == 200


def test_a_link_of_another_session_is_not_shown(sure, cast):
    invite(cast.northlight, "new@example.org")
    assert sure().get(row_of("new@example.org")).headers["Location"] == ALL


@pytest.mark.parametrize("once", ["", "made-up", "abc:def:ghi"])
def test_a_form_nobody_gave_out_invites_nobody(sure, once):
    data = {"email": "a@example.org", "role": "viewer", "once": once}
    response = sure().post(NEW, data)
    assert response.status_code == 422
    assert b"The form has expired. Send it again." in response.content
    assert not Invitation.objects.exists()


def test_the_answer_tells_nothing_of_an_account(sure, cast):
    """Byte for byte the same, but for the address and the secret."""
    stranger = cast.users["stranger"]
    stranger.last_login = timezone.now()
    stranger.save()
    client, said = sure(), []
    User.objects.create_user("never-set@example.org", None, name="Nobody Knows")
    for email in (stranger.email, "never-set@example.org", "unknown@example.org"):
        sent = asking(client, email=email, name="Xa", role="viewer")
        made = client.post(NEW, sent, follow=True)
        listed = client.get(ALL)
        withdrawn = client.post(row_of(email), {"step": "withdraw"}, follow=True)
        answers = [made, listed, withdrawn]
        text = "".join(
            f"{answer.status_code} {sorted(answer.headers.items())} "
            + answer.content.decode()
            for answer in answers
        )
        assert "Stranger" not in text
        assert "Nobody Knows" not in text
        text = text.replace(email, "ADDRESS")
        said.append(_without_what_varies(text))
    assert said[0] == said[1] == said[2]
    events = AuditEvent.objects.filter(action__startswith="member:")
    noted = {event.summary.partition(" as ")[2] for event in events}
    assert noted == {"viewer."}


def _without_what_varies(text: str) -> str:
    """Leave out secrets, request ids, row numbers and the time."""
    varying = (
        r"/join/[\w-]{43}|req_[0-9a-f]+|[A-Za-z0-9]{64}|"
        r"invitations/\d+/|\d{4}-\d\d-\d\d[T ][\d:.]+|\d\d:\d\d(:\d\d)?|"
        r"\d+\s(s|min)\sago|'Content-Length', '\d+'|>now<"
    )
    return re.sub(varying, "…", text)


def test_who_is_a_member_is_not_invited(sure, cast):
    client = sure()
    data = asking(client, email=cast.users["viewer"].email, role="admin")
    response = client.post(NEW, data)
    assert response.status_code == 409
    assert b"Viewer is already a member." in response.content
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({}, b"Enter an e-mail address"),
        ({"email": "nobody"}, b"valid email address"),
        (
            {"email": "x" * 250 + "@example.org", "role": "viewer"},
            b"254 characters; it",
        ),
        (
            {"email": "a@example.org", "role": "viewer", "name": "x" * 3001},
            b"It may have at most 100 characters; it has 3,001.",
        ),
        ({"email": "a@exa\u202emple.org", "role": "viewer"}, b"contains U+202E"),
        ({"email": "a@example.org", "role": "platform_admin"}, b"valid choice"),
        ({"email": "a@example.org", "role": ""}, b"Choose a role"),
    ],
)
def test_what_is_wrong_is_said_and_the_input_is_kept(sure, data, reason):
    client = sure()
    sent = {"name": "<b>kept</b>", **data}
    response = client.post(NEW, asking(client, **sent))
    assert response.status_code == 422
    assert reason in response.content
    assert escape(sent["name"]).encode() in response.content
    assert b"Ensure this" not in response.content
    assert not Invitation.objects.exists()


def test_a_name_that_turns_its_text_is_refused_beside_its_field(sure):
    data = {"email": "a@example.org", "name": "A\u202eb", "role": "viewer"}
    client = sure()
    response = client.post(NEW, asking(client, **data))
    assert response.status_code == 422
    assert b"contains U+202E" in response.content
    assert not Invitation.objects.exists()


def test_a_new_link_closes_the_one_before(sure, browse, cast):
    first = invite(cast.northlight, "new@example.org", "Neu")
    address = row_of("new@example.org")
    assert browse().post(address, {"step": "link"}).status_code == 422
    client = sure()
    second = link_in(client.post(address, {"step": "link"}, follow=True))
    assert client.get(f"/join/{first.secret}/").status_code == 404
    assert client.get(second).status_code == 200
    row = Invitation.objects.get()
    assert (row.name, row.role, row.inviter) == ("Neu", "viewer", cast.users["admin"])


def test_an_invitation_is_withdrawn_once(sure, cast):
    secret = invite(cast.northlight, "new@example.org").secret
    address, client = row_of("new@example.org"), sure()
    response = client.post(address, {"step": "withdraw"}, follow=True)
    assert b"The invitation of new@example.org was withdrawn" in response.content
    assert client.get(f"/join/{secret}/").status_code == 404
    assert client.post(address, {"step": "withdraw"}).status_code == 404
    event = AuditEvent.objects.get(action="member:withdraw")
    assert event.actor_label == cast.users["admin"].email


def test_with_the_password_it_goes_on_without_javascript(browse, cast):
    invite(cast.northlight, "new@example.org")
    address = row_of("new@example.org")
    stopped = browse().post(address, {"step": "withdraw"})
    assert b'name="step" value="withdraw"' in stopped.content
    data = {"step": "withdraw", "step_up_password": PASSWORD}
    assert browse().post(address, data).status_code == 302
    assert not Invitation.objects.exists()


def test_an_expired_invitation_is_shown_as_such_and_can_be_renewed(sure, cast):
    invite(cast.northlight, "new@example.org")
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=2))
    client = sure()
    assert b"expired" in client.get(ALL).content
    sent = {"step": "link"}
    link = link_in(client.post(row_of("new@example.org"), sent, follow=True))
    assert client.get(link).status_code == 200
    assert b"expired" not in client.get(ALL).content


def test_who_may_not_invite_sees_who_is_invited_and_no_buttons(browse, cast):
    cast.open_sessions()
    invite(cast.northlight, "new@example.org")
    for role in ("viewer", "support"):
        client = browse(role)
        client.post(
            "/organization/switch/",
            {"organization_id": cast.northlight.organization_id},
        )
        text = client.get(ALL).content.decode()
        assert "new@example.org" in text
        assert "Withdraw" not in text


def test_a_foreign_invitation_is_not_there(sure, cast):
    invite(cast.halden, "new@example.org")
    before = Invitation.objects.get().digest
    for step in ("link", "withdraw"):
        answer = sure().post(row_of("new@example.org"), {"step": step})
        assert answer.status_code == 404
    assert Invitation.objects.get().digest == before


def test_a_renewed_invitation_of_who_is_a_member_by_now_is_refused(sure, cast):
    invite(cast.northlight, "new@example.org")
    Membership.objects.create(
        user=User.objects.create_user("new@example.org", PASSWORD),
        organization=cast.northlight,
        role="viewer",
    )
    response = sure().post(row_of("new@example.org"), {"step": "link"})
    assert response.status_code == 409
    assert b"is already a member" in response.content
