"""Rotating keys: two secrets for a time, the same rights, and warnings before the end."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.keys import expiring, listing, management, rotation
from nsadmin.access.keys.keys import actor_of_key, create_key, new_key_id
from nsadmin.access.keys.management import KeyRequest
from nsadmin.access.keys.rotation import OVERLAPS, Rotation
from nsadmin.access.models import ApiKey, Membership, Organization
from nsadmin.access.organization import members
from nsadmin.access.permissions import Role
from nsadmin.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    QuotaExceeded,
    Unauthorized,
)
from tests.access.races import at_once
from tests.access.test_member_states import actor_for
from tests.access.test_members import joined, last_event
from tests.access.test_service_accounts import opened, wish

DAY = timedelta(days=1)


@pytest.fixture
def halden(db: None) -> Organization:
    return Organization.objects.create(name="Halden")


@pytest.fixture
def ana(halden: Organization) -> Membership:
    return joined(halden, "Ana")


@pytest.fixture
def actor(ana: Membership) -> Actor:
    return actor_for(ana)


def made(ana: Membership, **more) -> tuple[ApiKey, str]:
    values = {"name": "import", "role": Role.MEMBER, "creator": ana.user, **more}
    return create_key(ana.organization, **values)


def rotated(by: Membership, row: ApiKey, overlap: str = "day") -> Rotation:
    return rotation.rotate(
        actor_for(by),
        by.organization,
        by.user,
        row.key_id,
        new_key_id=new_key_id(),
        overlap=OVERLAPS[overlap],
    )


def works(key: str) -> bool:
    try:
        actor_of_key(key)
    except Unauthorized:
        return False
    return True


def test_both_secrets_work_for_the_overlap_with_the_same_rights(halden, ana) -> None:
    row, old = made(
        ana,
        scopes=["namespaces:read"],
        namespace_ids=["ns_a"],
        expires_at=timezone.now() + 30 * DAY,
    )
    result = rotated(ana, row)
    assert works(old)
    assert works(result.plaintext)
    fresh, before = actor_of_key(result.plaintext), actor_of_key(old)
    assert (fresh.role, fresh.scopes, fresh.namespace_ids, fresh.person) == (
        before.role,
        before.scopes,
        before.namespace_ids,
        before.person,
    )
    states = {
        key.key_id: management.state_of(key, timezone.now())
        for key in listing.keys(halden)
    }
    assert states == {row.key_id: "ending", result.key.key_id: "active"}
    assert all(key.last_used_at for key in listing.keys(halden))
    assert abs(result.old_ends_at - timezone.now() - DAY) < timedelta(minutes=1)
    ApiKey.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    assert not works(old)
    assert works(result.plaintext)
    event = last_event()
    assert event.action == "key:rotate"
    assert result.plaintext not in str(vars(event))


def test_without_overlap_the_old_secret_ends_at_once(ana) -> None:
    row, old = made(ana)
    result = rotated(ana, row, "none")
    assert not works(old)
    assert works(result.plaintext)


def test_the_old_secret_never_works_longer_than_before(ana) -> None:
    end = timezone.now() + timedelta(hours=2)
    row, _ = made(ana, expires_at=end)
    assert rotated(ana, row, "week").old_ends_at == end


def test_the_new_secret_lives_as_long_as_the_old_one_was_made_for(
    ana, settings
) -> None:
    row, _ = made(ana, expires_at=timezone.now() + 30 * DAY)
    made_at = timezone.now() - 20 * DAY
    ApiKey.objects.update(created_at=made_at, expires_at=made_at + 30 * DAY)
    end = rotated(ana, row).key.expires_at
    assert end is not None
    assert abs(end - timezone.now() - 30 * DAY) < timedelta(minutes=1)
    endless, _ = made(ana)
    assert rotated(ana, endless).key.expires_at is None
    settings.NSADMIN_KEY_MAX_DAYS = 7
    endless, _ = made(ana)
    end = rotated(ana, endless).key.expires_at
    assert end is not None
    assert end <= timezone.now() + 7 * DAY


def test_an_expired_key_can_be_rotated(ana) -> None:
    row, old = made(ana, expires_at=timezone.now() + DAY)
    now = timezone.now()
    ApiKey.objects.update(created_at=now - 2 * DAY, expires_at=now - DAY)
    assert works(rotated(ana, row).plaintext)
    assert not works(old)


def test_at_most_two_secrets_work(ana) -> None:
    row, first = made(ana)
    second = rotated(ana, row, "week")
    third = rotated(ana, second.key, "week")
    assert [works(key) for key in (first, second.plaintext, third.plaintext)] == [
        False,
        True,
        True,
    ]
    with pytest.raises(Conflict, match="rotated already"):
        rotated(ana, second.key)


def test_a_key_that_ended_is_not_rotated(halden, ana, actor) -> None:
    row, _ = made(ana)
    management.revoke(actor, halden, row.key_id)
    with pytest.raises(Conflict, match="revoked"):
        rotated(ana, row)
    command, _ = made(ana, creator=None)
    with pytest.raises(Conflict, match="made by a command"):
        rotated(ana, command)


def test_only_the_owner_rotates_a_persons_key(halden, ana, actor) -> None:
    bo = joined(halden, "Bo")
    row, _ = made(bo)
    with pytest.raises(Conflict, match="Only Bo can rotate"):
        rotated(ana, row)
    members.change_role(actor, bo, Role.VIEWER)
    with pytest.raises(Forbidden):
        rotated(bo, row)
    other = Organization.objects.create(name="Other")
    cy = joined(other, "Cy")
    with pytest.raises(NotFound):
        rotated(cy, row)
    assert ApiKey.objects.count() == 1


def test_any_admin_rotates_the_key_of_a_service_account(halden, ana, actor) -> None:
    account, bo = opened(actor, ana), joined(halden, "Bo")
    row, old = management.issue(actor, halden, ana.user, wish(account))
    result = rotated(bo, row)
    assert actor_of_key(result.plaintext).service_account == account.account_id
    # Each secret has the person who saw it.
    assert actor_of_key(result.plaintext).person == str(bo.user.pk)
    assert actor_of_key(old).person == str(ana.user.pk)


def test_a_form_that_is_sent_twice_rotates_once(halden, ana, actor) -> None:
    row, _ = made(ana)
    key_id = new_key_id()

    def send() -> Rotation:
        return rotation.rotate(
            actor, halden, ana.user, row.key_id, new_key_id=key_id, overlap=DAY
        )

    send()
    with pytest.raises(Conflict, match="sent already"):
        send()
    assert ApiKey.objects.count() == 2


def test_a_rotation_needs_no_place_of_its_own(halden, ana, actor, settings) -> None:
    settings.NSADMIN_MAX_API_KEYS = 1
    row, _ = made(ana)
    rotated(ana, row)
    request = KeyRequest(new_key_id(), "x", Role.VIEWER, frozenset({"read"}), None)
    with pytest.raises(QuotaExceeded):
        management.issue(actor, halden, ana.user, request)


@pytest.mark.parametrize("turn", range(4))
def test_two_rotations_at_once_make_one_secret(own_rows, turn: int) -> None:
    organization = Organization.objects.create(name=f"Race {turn}")
    ana = joined(organization, "Ana")
    row, _ = made(ana)
    assert at_once(*[lambda: rotated(ana, row) for _ in range(2)]) == ["", "Conflict"]
    assert ApiKey.objects.filter(replaces=row).count() == 1


@pytest.mark.parametrize("turn", range(4))
def test_a_rotation_and_a_removal_at_once_leave_no_key(own_rows, turn: int) -> None:
    organization = Organization.objects.create(name=f"Race {turn}")
    ana, bo = joined(organization, "Ana"), joined(organization, "Bo")
    row, _ = made(bo)
    actor = actor_for(ana)
    at_once(lambda: rotated(bo, row), lambda: members.remove(actor, bo))
    assert not ApiKey.objects.filter(creator=bo.user, revoked_at=None).exists()


# Ends ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "days"),
    [
        (timedelta(0), None),
        (timedelta(seconds=1), 3),
        (3 * DAY, 3),
        (3 * DAY + timedelta(seconds=1), 14),
        (14 * DAY, 14),
        (14 * DAY + timedelta(seconds=1), None),
    ],
)
def test_keys_are_warned_of_before_they_expire(ana, left, days) -> None:
    now = timezone.now()
    row, _ = made(ana, expires_at=now + left)
    found = expiring.expiring_keys(now)
    assert [each.days for each in found] == ([days] if days else [])
    if found:
        assert found[0].key_id == row.key_id
        assert found[0].person_id == ana.user.pk
        assert found[0].organization_id == ana.organization_id
    counts = expiring.counts(ana.organization, now)
    assert counts == expiring.KeyCounts(int(bool(left)), int(bool(days)))


def test_keys_without_effect_are_not_warned_of(
    halden, ana, actor, django_assert_num_queries
) -> None:
    now, soon = timezone.now(), timezone.now() + DAY
    bo = joined(halden, "Bo")
    made(bo, expires_at=soon)
    revoked, _ = made(ana, expires_at=soon)
    management.revoke(actor, halden, revoked.key_id)
    replaced, _ = made(ana, expires_at=soon)
    fresh = rotated(ana, replaced).key
    ApiKey.objects.filter(pk=fresh.pk).update(expires_at=None)
    made(ana)
    members.deactivate(actor, bo)
    account = opened(actor, ana)
    row, _ = management.issue(actor, halden, ana.user, wish(account))
    ApiKey.objects.filter(pk=row.pk).update(expires_at=soon)
    with django_assert_num_queries(1):
        found = expiring.expiring_keys(now)
    assert [(each.key_id, each.account_name) for each in found] == [
        (row.key_id, "ingest")
    ]
    assert found[0].person_id is None


def test_new_keys_end_within_the_longest_time(halden, ana, actor, settings) -> None:
    old, key = made(ana)
    settings.NSADMIN_KEY_MAX_DAYS = 7

    def ask(end: datetime | None) -> None:
        request = KeyRequest(new_key_id(), "x", Role.VIEWER, frozenset({"read"}), end)
        management.issue(actor, halden, ana.user, request)

    for days in (1, 7):
        ask(timezone.now() + days * DAY)
    for end in (None, timezone.now() + 8 * DAY):
        with pytest.raises(Invalid, match="7 days at most"):
            ask(end)
    assert works(key), "Keys that exist go on."
    assert not old.expires_at


@pytest.mark.parametrize(
    ("ids", "scopes"),
    [
        ([], {"namespaces:read"}),
        (["a"], set()),
        (["a"], {"read"}),
        (["a"], {"admin", "namespaces:read"}),
        (["a"], {"namespaces:create"}),
        (["a"], {"clones"}),
        (["a"], {"audit:read"}),
        ([f"ns_{n}" for n in range(51)], {"namespaces:read"}),
    ],
)
def test_a_key_for_chosen_namespaces_has_single_scopes(
    halden, ana, actor, ids, scopes
) -> None:
    request = KeyRequest(
        new_key_id(),
        "x",
        Role.VIEWER,
        frozenset(scopes),
        None,
        namespace_ids=frozenset(ids),
    )
    with pytest.raises(Invalid):
        management.issue(actor, halden, ana.user, request)
    assert not ApiKey.objects.exists()
