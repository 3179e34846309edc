"""Sessions: listed, ended one by one and together, and by what changes the account."""

import re

import pytest
from django.test import Client

from nsadmin.access.models import Membership, User
from nsadmin.access.signin.sessions import browser_of
from nsadmin.audit.models import AuditEvent
from tests.cast import Cast
from tests.people import PASSWORD

LIST = "/account/sessions/"
NEW_PASSWORD = "another-long-password"


def is_signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def end_buttons(client: Client) -> list[str]:
    return re.findall(r"/account/sessions/\d+/end/", client.get(LIST).content.decode())


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/140 Safari/537", "Chrome on Android"),
        (
            "Mozilla/5.0 (iPhone; like Mac OS X) Version/19 Safari/604",
            "Safari on iPhone",
        ),
        ("curl/8", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_browsers_have_words(user_agent: str, words: str) -> None:
    assert browser_of(user_agent) == words


def test_one_session_is_ended_and_no_other(sign_in) -> None:
    here, there, other = sign_in("member"), sign_in("member"), sign_in("member")
    assert here.get(LIST).content.decode().count("This one") == 1
    assert len(end_buttons(here)) == 2
    gone = end_buttons(there)
    kept = set(end_buttons(here)) & set(end_buttons(other))
    assert len(kept) == 1, "That of `there` alone is offered to both."
    assert here.post(kept.pop()).status_code == 303
    assert [is_signed_in(c) for c in (here, there, other)] == [True, False, True]
    assert len(gone) == 2
    assert AuditEvent.objects.filter(action="account:sessions").count() == 1


def test_the_session_of_another_person_is_not_found(sign_in) -> None:
    theirs, mine = sign_in("admin"), sign_in("admin")
    address = end_buttons(mine)[0]
    assert sign_in("member").post(address).status_code == 404
    assert is_signed_in(theirs)


def test_all_others_are_ended_even_one_that_is_not_listed(cast: Cast, sign_in) -> None:
    here, there, unlisted = sign_in("member"), sign_in("member"), cast.browser("member")
    assert here.post(f"{LIST}end-others/").status_code == 303
    assert [is_signed_in(c) for c in (here, there, unlisted)] == [True, False, False]
    assert end_buttons(here) == []
    assert is_signed_in(sign_in("member"))
    assert len(end_buttons(here)) == 1


def test_a_changed_password_ends_the_others(sign_in) -> None:
    here, there = sign_in("member"), sign_in("member")
    form = {
        "oldpassword": PASSWORD,
        "password1": NEW_PASSWORD,
        "password2": NEW_PASSWORD,
    }
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert [is_signed_in(c) for c in (here, there)] == [True, False]


def test_a_changed_role_ends_the_sessions(cast: Cast, sign_in, confirmed) -> None:
    admin, member = confirmed("admin"), sign_in("member")
    row = Membership.objects.get(user=cast.users["member"])
    answer = admin.post(f"/organization/members/{row.pk}/", {"role": "viewer"})
    assert answer.status_code == 302
    assert [is_signed_in(c) for c in (admin, member)] == [True, False]


def test_changing_ones_own_role_keeps_this_session(cast: Cast, confirmed) -> None:
    second = User.objects.create_user("second@example.org", PASSWORD)
    Membership.objects.create(user=second, organization=cast.northlight, role="admin")
    here, there = confirmed("admin"), confirmed("admin")
    row = Membership.objects.get(user=cast.users["admin"])
    here.post(f"/organization/members/{row.pk}/", {"role": "member"})
    assert Membership.objects.get(pk=row.pk).role == "member"
    assert [is_signed_in(c) for c in (here, there)] == [True, False]


def test_a_deactivated_person_has_no_session(cast: Cast, sign_in) -> None:
    client = sign_in("member")
    User.objects.filter(pk=cast.users["member"].pk).update(is_active=False)
    assert not is_signed_in(client)
