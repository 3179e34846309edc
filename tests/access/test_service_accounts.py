"""Service accounts: keys that outlive people, with no more rights than their maker."""

from dataclasses import replace

import pytest

from nsadmin.access.actor import Actor
from nsadmin.access.keys import listing, management, service_accounts
from nsadmin.access.keys.keys import actor_of_key, new_key_id
from nsadmin.access.keys.management import KeyRequest
from nsadmin.access.models import ApiKey, Membership, Organization, ServiceAccount
from nsadmin.access.organization import members, second_person
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.permissions import Action, Role
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from tests.access.races import at_once
from tests.access.test_member_states import actor_for
from tests.access.test_members import joined, last_event
from tests.people import gather


@pytest.fixture
def halden(db: None) -> Organization:
    return Organization.objects.create(name="Halden")


@pytest.fixture
def ana(halden: Organization) -> Membership:
    return joined(halden, "Ana")


@pytest.fixture
def actor(ana: Membership) -> Actor:
    return actor_for(ana)


@pytest.fixture
def ingest(actor: Actor, ana: Membership) -> ServiceAccount:
    return opened(actor, ana)


def opened(actor: Actor, by: Membership, name: str = "ingest") -> ServiceAccount:
    return service_accounts.create(
        actor,
        by.organization,
        by.user,
        name=name,
        purpose="Reads films",
        account_id=service_accounts.new_account_id(),
    )


def wish(account: ServiceAccount, role: Role = Role.ADMIN, **more) -> KeyRequest:
    return KeyRequest(
        key_id=new_key_id(),
        name="nightly",
        role=role,
        scopes=frozenset({"admin"}),
        expires_at=None,
        account_id=account.account_id,
        **more,
    )


def test_its_key_stays_when_its_maker_goes(halden, ana, actor, ingest) -> None:
    bo = joined(halden, "Bo")
    row, key = management.issue(actor_for(bo), halden, bo.user, wish(ingest))
    assert (row.creator, row.issuer) == (None, bo.user)
    members.change_role(actor, bo, Role.VIEWER)
    assert actor_of_key(key).role is Role.ADMIN
    assert members.remove(actor, bo).keys == 0
    found = actor_of_key(key)
    assert found.role is Role.ADMIN
    bo.user.delete()
    assert actor_of_key(key).holder == ""


def test_the_audit_names_the_key_and_its_account(halden, ana, actor, ingest) -> None:
    _, key = management.issue(actor, halden, ana.user, wish(ingest))
    assert last_event().summary == (
        "Create the API key “nightly” of the service account “ingest”."
    )
    found = actor_of_key(key)
    assert found.label == "key nightly of ingest"
    assert found.service_account == ingest.account_id
    assert found.may(Action.NAMESPACE_DELETE)


def test_deactivating_it_revokes_its_keys_for_good(halden, ana, actor, ingest) -> None:
    _, key = management.issue(actor, halden, ana.user, wish(ingest))
    assert service_accounts.deactivate(actor, ingest) == 1
    assert last_event().action == "service-account:deactivate"
    with pytest.raises(Unauthorized):
        actor_of_key(key)
    with pytest.raises(Conflict):
        service_accounts.deactivate(actor, ingest)
    with pytest.raises(Conflict, match="Reactivate it first"):
        management.issue(actor, halden, ana.user, wish(ingest))
    service_accounts.reactivate(actor, ingest)
    with pytest.raises(Unauthorized):
        actor_of_key(key)
    _, fresh = management.issue(actor, halden, ana.user, wish(ingest))
    assert actor_of_key(fresh)


def test_a_key_of_a_deactivated_account_is_refused(halden, ana, actor, ingest) -> None:
    """Even one that is not revoked, as an earlier release could leave it."""
    _, key = management.issue(actor, halden, ana.user, wish(ingest))
    service_accounts.deactivate(actor, ingest)
    ApiKey.objects.update(revoked_at=None)
    with pytest.raises(Unauthorized):
        actor_of_key(key)
    row = management.find(halden, ApiKey.objects.get().key_id)
    assert management.state_of(row, row.created_at) == "idle"


def test_names_are_taken_once_and_ids_are_the_organizations(
    halden, ana, actor, ingest
) -> None:
    with pytest.raises(Invalid, match="already a service account named ingest"):
        opened(actor, ana)
    for name in ("", "  ", "im\u202eport", "x" * 101):
        with pytest.raises(Invalid):
            opened(actor, ana, name)
    with pytest.raises(Conflict, match="sent already"):
        service_accounts.create(
            actor,
            halden,
            ana.user,
            name="other",
            purpose="",
            account_id=ingest.account_id,
        )
    other = Organization.objects.create(name="Other")
    cy = joined(other, "Cy")
    assert opened(actor_for(cy), cy).name == "ingest"
    with pytest.raises(NotFound):
        service_accounts.find(other, ingest.account_id)
    with pytest.raises(NotFound):
        management.issue(actor_for(cy), other, cy.user, wish(ingest))
    assert ServiceAccount.objects.count() == 2


def test_no_key_has_more_rights_than_its_maker(halden, ana, ingest) -> None:
    for role in (Role.MEMBER, Role.VIEWER):
        bo = joined(halden, f"Bo {role}", role.value)
        with pytest.raises(Forbidden):
            management.issue(actor_for(bo), halden, bo.user, wish(ingest))
    for role in (Role.SUPPORT, Role.PLATFORM_ADMIN):
        with pytest.raises(Invalid, match="more rights"):
            management.issue(actor_for(ana), halden, ana.user, wish(ingest, role))
    assert not ApiKey.objects.exists()


def test_rights_count_as_they_are_once_the_row_is_locked(
    halden, ana, actor, ingest
) -> None:
    """A request that was let through before its sender was removed makes no key."""
    bo = joined(halden, "Bo")
    late = actor_for(bo)
    members.remove(actor, bo)
    with pytest.raises(Forbidden):
        management.issue(late, halden, bo.user, wish(ingest))
    request = replace(wish(ingest), account_id="")
    with pytest.raises(Forbidden):
        management.issue(late, halden, bo.user, request)
    elsewhere = Organization.objects.create(name="Other")
    Membership.objects.create(user=bo.user, organization=elsewhere, role="admin")
    with pytest.raises(Forbidden):
        management.issue(late, halden, bo.user, wish(ingest))
    assert not ApiKey.objects.exists()


def test_a_support_session_leaves_no_account_and_no_key(db: None) -> None:
    people = gather()
    people.open_session("platform_admin", people.northlight)
    user = people.users["platform_admin"]
    staff = actor_of_user(user, None)
    assert staff is not None
    admin = people.northlight.memberships.get(role="admin")
    account = opened(actor_for(admin), admin)
    count = ApiKey.objects.count()
    with pytest.raises(Forbidden, match="support session"):
        opened(staff, Membership(user=user, organization=people.northlight), "more")
    with pytest.raises(Forbidden, match="support session"):
        management.issue(staff, people.northlight, user, wish(account))
    service_accounts.deactivate(staff, account)
    with pytest.raises(Forbidden, match="support session"):
        service_accounts.reactivate(staff, account)
    assert ApiKey.objects.count() == count


def test_who_knows_the_secret_is_no_second_person(halden, ana, actor, ingest) -> None:
    _, key = management.issue(actor, halden, ana.user, wish(ingest))
    maker = actor_of_key(key)
    assert maker.person == str(ana.user.pk)
    assert not second_person.may_confirm(actor, maker.person)
    bo = joined(halden, "Bo")
    assert second_person.may_confirm(actor_for(bo), maker.person)


def test_the_list_counts_valid_keys_and_puts_deactivated_ones_last(
    halden, ana, actor, ingest
) -> None:
    other = opened(actor, ana, "zeta")
    for account in (ingest, ingest, other):
        management.issue(actor, halden, ana.user, wish(account))
    first = ApiKey.objects.filter(service_account=ingest).first()
    assert first is not None
    management.revoke(actor, halden, first.key_id)
    service_accounts.deactivate(actor, ingest)
    rows = listing.service_accounts(halden, first.created_at)
    found = [(r.name, r.live_keys) for r in rows]  # type: ignore[attr-defined]
    assert found == [("zeta", 1), ("ingest", 0)]


# Two at the same moment ----------------------------------------------------------------


@pytest.mark.parametrize("turn", range(6))
def test_no_key_survives_a_deactivation_at_the_same_moment(own_rows, turn: int) -> None:
    organization = Organization.objects.create(name=f"Race {turn}")
    ana = joined(organization, "Ana")
    actor = actor_for(ana)
    account = opened(actor, ana)
    at_once(
        lambda: management.issue(actor, organization, ana.user, wish(account)),
        lambda: service_accounts.deactivate(actor, account),
    )
    assert not account.keys.filter(revoked_at=None).exists()


def test_two_of_one_name_at_once_make_one(own_rows) -> None:
    organization = Organization.objects.create(name="Race")
    ana = joined(organization, "Ana")
    actor = actor_for(ana)
    acts = [lambda: opened(actor, ana) for _ in range(2)]
    assert at_once(*acts) == ["", "Invalid"]
    assert ServiceAccount.objects.count() == 1
    events = AuditEvent.objects.filter(action="service-account:create")
    assert events.count() == 1
