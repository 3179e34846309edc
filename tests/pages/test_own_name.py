"""Changing one's own name."""

import pytest

from nsadmin.access.models import NAME_MAX
from nsadmin.audit.models import AuditEvent

PATH = "/account/name/"


def events(action: str = "account:name") -> list[tuple[str, str]]:
    found = AuditEvent.objects.filter(action=action).order_by("pk")
    return list(found.values_list("organization_id", "summary"))


@pytest.mark.parametrize("role", ["viewer", "admin", "support"])
def test_one_changes_ones_own_name(browse, cast, role):
    client, user = browse(role), cast.users[role]
    before = user.name
    assert f'href="{PATH}"' in client.get("/account/").content.decode()
    assert f'value="{before}"' in client.get(PATH).content.decode()
    done = client.post(PATH, {"name": "  Zoë van Dijk "}, follow=True)
    assert "Name changed." in done.content.decode()
    user.refresh_from_db()
    assert user.name == "Zoë van Dijk"
    told = f"{user.email}: name changed, “{before}” → “Zoë van Dijk”."
    homes = user.memberships.values_list("organization_id", flat=True)
    assert events() == [(home, told) for home in homes]


def test_an_empty_name_leaves_the_address(browse, cast):
    client, user = browse("viewer"), cast.users["viewer"]
    assert client.post(PATH, {"name": " "}).status_code == 303
    user.refresh_from_db()
    assert (user.name, str(user)) == ("", user.email)
    assert events()[0][1].endswith(" → none.")


def test_the_same_name_changes_nothing(browse, cast):
    user = cast.users["viewer"]
    done = browse("viewer").post(PATH, {"name": user.name}, follow=True)
    assert "Nothing changed." in done.content.decode()
    assert events() == []


@pytest.mark.parametrize(
    "name",
    [
        "x" * (NAME_MAX + 1),
        "a\0b",
        "Ann\u202egro.elpmaxe",
        "Ann\u2066 Lee",
        "Ann\u200bLee",
        "\u2800",
    ],
)
def test_a_name_that_cannot_be_kept_is_refused_and_shown_again(browse, cast, name):
    user = cast.users["viewer"]
    refused = browse("viewer").post(PATH, {"name": name})
    assert refused.status_code == 422
    text = refused.content.decode()
    assert 'aria-invalid="true"' in text
    assert "\0" in name or f'value="{name}"' in text
    before = user.name
    user.refresh_from_db()
    assert user.name == before
