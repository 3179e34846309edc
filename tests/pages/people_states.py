"""The pages of members, keys and service accounts, in every state."""

from datetime import timedelta

from django.utils import timezone

from nsadmin.access.keys import management, rotation, service_accounts
from nsadmin.access.keys.keys import create_key, new_key_id
from nsadmin.access.keys.management import KeyRequest
from nsadmin.access.models import ApiKey, ServiceAccount
from nsadmin.access.organization import listing, members
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.permissions import Role
from tests.pages.states import LONG, World

# Names cannot have the invisible characters of the emoji.
NAME = LONG.replace("\ufe0f", "")[:90]


def people(world: World) -> None:
    """Keys of every kind with long names, an account, members who go and rest."""
    cast = world.cast
    northlight, admin = cast.northlight, cast.users["admin"]
    account = _account(world)
    at = f"/organization/service-accounts/{account.account_id}/"
    world.see("no keys", at)
    key = _keys(world, account)
    world.see("rows", at)
    world.see("rows", "/organization/keys/")
    world.see("read only", "/organization/keys/", "viewer")
    world.see("form", "/organization/service-accounts/new/")
    world.see("refused", "/organization/service-accounts/new/", form={})
    world.see("form", f"/organization/keys/new/?owner={account.account_id}")
    for part in ("rotate/", "revoke/"):
        world.see("one", f"/organization/keys/{key.key_id}/{part}")
    replaced = ApiKey.objects.exclude(successor=None).get()
    world.see("cannot", f"/organization/keys/{replaced.key_id}/rotate/")
    world.see("deactivated", at, form={"step": "deactivate"})
    world.see("refused", at, form={"step": "deactivate"})
    leave = f"/account/organizations/{northlight.organization_id}/leave/"
    world.see("form", leave)
    world.see("refused", leave, form={})
    member = northlight.memberships.get(user=cast.users["member"])
    create_key(northlight, name="own", role=Role.VIEWER, creator=member.user)
    world.see("with keys", f"/organization/members/{member.pk}/")
    actor = actor_of_user(admin, northlight.organization_id)
    assert actor is not None
    members.deactivate(actor, member)
    row = listing.deactivated(northlight).get()
    for path in ("", "keys/", f"members/deactivated/{row.pk}/"):
        world.see("deactivated", f"/organization/{path}")


def _account(world: World) -> ServiceAccount:
    northlight, admin = world.cast.northlight, world.cast.users["admin"]
    actor = actor_of_user(admin, northlight.organization_id)
    assert actor is not None
    return service_accounts.create(
        actor,
        northlight,
        admin,
        name=NAME,
        purpose=NAME,
        account_id=service_accounts.new_account_id(),
    )


def _keys(world: World, account: ServiceAccount) -> ApiKey:
    """Make a key that expires soon, and one that is rotated; return the first."""
    northlight, admin = world.cast.northlight, world.cast.users["admin"]
    actor = actor_of_user(admin, northlight.organization_id)
    assert actor is not None
    made = [
        management.issue(
            actor,
            northlight,
            admin,
            KeyRequest(
                key_id=new_key_id(),
                name=NAME,
                role=Role.VIEWER,
                scopes=frozenset({"namespaces:read", "documents:read"}),
                expires_at=timezone.now() + timedelta(days=days),
                account_id=account.account_id,
                namespace_ids=frozenset({world.cast.own.namespace_id, "ns_gone"}),
            ),
        )[0]
        for days in (2, 10)
    ]
    rotation.rotate(
        actor,
        northlight,
        admin,
        made[1].key_id,
        new_key_id=new_key_id(),
        overlap=timedelta(days=1),
    )
    return made[0]
