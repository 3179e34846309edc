"""API keys: shown once, kept as a keyed hash, useless once revoked or expired."""

from datetime import timedelta

import pytest
from django.core import serializers
from django.utils import timezone

from nsadmin.access.keys.keys import (
    actor_of_key,
    create_key,
    digest,
    revoke_key,
)
from nsadmin.access.models import ApiKey, Organization
from nsadmin.access.permissions import Action, Role
from nsadmin.errors import Unauthorized

pytestmark = pytest.mark.django_db
NEW_PEPPER = "a newer pepper that is long enough too"


@pytest.fixture
def organization() -> Organization:
    return Organization.objects.create(name="Northlight Media", plan="pro")


def test_a_key_stands_for_its_role_in_its_organization(
    organization: Organization,
) -> None:
    row, plaintext = create_key(organization, name="ci", role=Role.MEMBER)
    actor = actor_of_key(plaintext)
    assert (actor.kind, actor.id, actor.label) == ("key", row.key_id, "key ci")
    assert (actor.role, actor.plan) == (Role.MEMBER, "pro")
    assert actor.organization_id == organization.organization_id
    assert actor.internal_id == organization.internal_id


def test_the_plaintext_is_nowhere(organization: Organization) -> None:
    _, plaintext = create_key(organization, name="ci", role=Role.MEMBER)
    secret = plaintext.split("_", 2)[2]
    dump = serializers.serialize("json", [*ApiKey.objects.all(), organization])
    assert '"ci"' in dump
    assert secret not in dump
    assert plaintext.startswith("sk_")
    assert len(secret) >= 40


def test_two_keys_differ(organization: Organization) -> None:
    one, first = create_key(organization, name="one", role=Role.MEMBER)
    two, second = create_key(organization, name="two", role=Role.MEMBER)
    assert one.key_id != two.key_id
    assert first.split("_", 2)[2] != second.split("_", 2)[2]


def test_the_hash_depends_on_the_pepper(organization: Organization, settings) -> None:
    _, plaintext = create_key(organization, name="ci", role=Role.MEMBER)
    before = digest(plaintext)
    settings.NSADMIN_KEY_PEPPER = "another pepper, just as long as the first"
    assert digest(plaintext) != before
    with pytest.raises(Unauthorized):
        actor_of_key(plaintext)


def test_a_key_follows_the_pepper_as_it_is_used(
    organization: Organization, settings, django_assert_num_queries
) -> None:
    old = settings.NSADMIN_KEY_PEPPER
    row, plaintext = create_key(organization, name="ci", role=Role.MEMBER)
    settings.NSADMIN_KEY_PEPPER = f"{NEW_PEPPER},{old}"
    assert actor_of_key(plaintext).label == "key ci"
    kept = ApiKey.objects.get(pk=row.pk)
    assert kept.digest != row.digest
    with django_assert_num_queries(1):
        actor_of_key(plaintext)
    settings.NSADMIN_KEY_PEPPER = NEW_PEPPER
    assert actor_of_key(plaintext).label == "key ci"
    settings.NSADMIN_KEY_PEPPER = old
    with pytest.raises(Unauthorized):
        actor_of_key(plaintext)


def test_a_key_from_before_peppers_had_names_gets_one_with_its_use(
    organization: Organization,
) -> None:
    row, plaintext = create_key(organization, name="ci", role=Role.MEMBER)
    ApiKey.objects.update(pepper="")
    actor_of_key(plaintext)
    assert ApiKey.objects.get().pepper == row.pepper != ""


def test_a_wrong_key_stays_wrong_under_each_pepper(
    organization: Organization, settings
) -> None:
    _, plaintext = create_key(organization, name="ci", role=Role.MEMBER)
    settings.NSADMIN_KEY_PEPPER = f"{NEW_PEPPER},{settings.NSADMIN_KEY_PEPPER}"
    before = ApiKey.objects.values_list("digest", "pepper").get()
    with pytest.raises(Unauthorized):
        actor_of_key(plaintext + "x")
    assert ApiKey.objects.values_list("digest", "pepper").get() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1] + ("a" if key[-1] != "a" else "b"),
        lambda key: key + "x",
        lambda key: key.replace("sk_", "sk_x", 1),
        lambda key: key[3:],
        lambda key: key.rsplit("_", 1)[0],
        lambda key: key.upper(),
        lambda _: "",
        lambda _: "sk__",
        lambda _: "sk_é_ü",
    ],
)
def test_a_wrong_key_is_refused_in_the_same_words(
    organization: Organization, change
) -> None:
    _, plaintext = create_key(organization, name="ci", role=Role.MEMBER)
    with pytest.raises(Unauthorized) as caught:
        actor_of_key(change(plaintext))
    assert caught.value.message == (
        "The API key is missing, wrong, revoked or expired."
    )


def test_a_revoked_key_is_refused(organization: Organization) -> None:
    row, plaintext = create_key(organization, name="ci", role=Role.MEMBER)
    revoke_key(row)
    first = row.revoked_at
    revoke_key(row)
    assert row.revoked_at == first
    with pytest.raises(Unauthorized):
        actor_of_key(plaintext)


def test_an_expired_key_is_refused(organization: Organization) -> None:
    now = timezone.now()
    _, past = create_key(organization, name="a", role=Role.MEMBER, expires_at=now)
    later = now + timedelta(hours=1)
    _, valid = create_key(organization, name="b", role=Role.MEMBER, expires_at=later)
    with pytest.raises(Unauthorized):
        actor_of_key(past)
    assert actor_of_key(valid).label == "key b"


def test_a_scope_narrows_the_role(organization: Organization) -> None:
    _, plaintext = create_key(
        organization, name="r", role=Role.ADMIN, scopes=["read", "delete"]
    )
    actor = actor_of_key(plaintext)
    assert actor.may(Action.NAMESPACE_READ)
    assert actor.may(Action.NAMESPACE_DELETE)
    assert not actor.may(Action.NAMESPACE_UPDATE)


def test_the_last_use_is_noted_at_most_once_a_minute(
    organization: Organization, django_assert_num_queries
) -> None:
    row, plaintext = create_key(organization, name="ci", role=Role.MEMBER)
    actor_of_key(plaintext)
    noted = ApiKey.objects.get(pk=row.pk).last_used_at
    assert noted is not None
    with django_assert_num_queries(1):
        actor_of_key(plaintext)
    ApiKey.objects.update(last_used_at=noted - timedelta(minutes=2))
    actor_of_key(plaintext)
    assert ApiKey.objects.get(pk=row.pk).last_used_at >= noted
