"""Writes organizations, people and API keys to the relational database.

An organization is written in one transaction. An existing organization is not changed,
so that edits made in the demo survive.
"""

from collections.abc import Iterable, Iterator
from functools import cache

from django.contrib.auth.hashers import (
    PBKDF2PasswordHasher,
    get_hasher,
    make_password,
)
from django.db import transaction

from nsadmin.access.keys.keys import digest, plaintext_of, prefix_of
from nsadmin.access.models import ApiKey, Membership, Organization, User
from nsadmin.access.permissions import ORGANIZATION_ROLES, PLATFORM_ROLES
from nsadmin.access.permissions import Role as AccessRole
from nsadmin.embedded.seed.data.ids import stable_id
from nsadmin.embedded.seed.data.people import (
    ORGANIZATIONS,
    PEOPLE,
    OrganizationSpec,
    PersonSpec,
    Role,
)
from nsadmin.embedded.seed.layout import FIRST_DAY
from nsadmin.errors import Conflict
from nsadmin.stores import peppers

Shown = dict[str, str]


def write_people(
    organizations: Iterable[OrganizationSpec] = ORGANIZATIONS,
    people: Iterable[PersonSpec] = PEOPLE,
) -> None:
    """Write every organization that is not there yet, with its people and keys."""
    known = set(Organization.objects.values_list("pk", flat=True))
    fresh = [org for org in organizations if org.organization_id not in known]
    if not fresh:
        return
    _require_room(fresh)
    with transaction.atomic():
        rows = {org.slug: _organization(org) for org in fresh}
        for person in people:
            _join(person, rows)
        _give_staff_their_keys()


def _require_room(fresh: Iterable[OrganizationSpec]) -> None:
    """Raise Conflict if another organization is operator or has one of the names."""
    taken = Organization.objects.filter(name__in=[org.name for org in fresh])
    if any(org.is_operator for org in fresh):
        taken |= Organization.objects.filter(is_operator=True)
    if other := taken.first():
        raise Conflict(
            f"The organization {other.name} is in the way; "
            "the demo needs a database of its own."
        )


@cache
def _hashed(password: str) -> str:
    """Hash with few rounds: the passwords are public, so slow hashing protects nothing.

    Django hashes again with the full number of rounds at sign-in.
    """
    hasher = get_hasher()
    if isinstance(hasher, PBKDF2PasswordHasher):
        return hasher.encode(password, hasher.salt(), iterations=20_000)
    return make_password(password)


def _organization(spec: OrganizationSpec) -> Organization:
    row = Organization.objects.create(
        organization_id=spec.organization_id,
        internal_id=spec.internal_id,
        name=spec.name,
        plan=spec.plan,
        is_operator=spec.is_operator,
        created_at=FIRST_DAY,
    )
    for role in spec.key_roles:
        plaintext = _plaintext(spec, role)
        ApiKey.objects.create(
            key_id=_key_id(spec, role),
            organization=row,
            name=f"demo {role.replace('_', ' ')}",
            prefix=prefix_of(plaintext),
            digest=digest(plaintext),
            pepper=peppers.names()[0],
            role=role,
            created_at=FIRST_DAY,
        )
    return row


def _key_id(spec: OrganizationSpec, role: Role) -> str:
    return stable_id("key", spec.slug, role).removeprefix("key_")


def _plaintext(spec: OrganizationSpec, role: Role) -> str:
    """The key in plain text, derived from the pepper so that it can be shown again.

    A seed that is interrupted after this database was written would else lose it.
    """
    return plaintext_of(_key_id(spec, role), digest(f"demo {spec.slug} {role}"))


def _join(person: PersonSpec, rows: dict[str, Organization]) -> None:
    """Create the person unless they exist, and their new memberships."""
    joined = [(rows[slug], role) for slug, role in person.roles if slug in rows]
    if not joined:
        return
    platform = next((r for _, r in joined if r in PLATFORM_ROLES), "")
    user = User.objects.filter(email=person.email).first() or User.objects.create(
        email=person.email,
        name=person.name,
        password=_hashed(person.password),
        platform_role=platform,
        created_at=FIRST_DAY,
    )
    for organization, role in joined:
        Membership.objects.create(
            user=user,
            organization=organization,
            role=_membership_role(role).value,
            created_at=FIRST_DAY,
        )


def _give_staff_their_keys() -> None:
    """Make each person of the platform the creator of the key with their role.

    A key of staff sees what its creator's support sessions show, and without a creator
    it has none.
    """
    for user in User.objects.exclude(platform_role=""):
        keys = ApiKey.objects.filter(role=user.platform_role, creator=None)
        keys.update(creator=user)


def _membership_role(role: Role) -> AccessRole:
    """The role of a membership; holders of a platform role are admin or viewer."""
    found = AccessRole(role)
    if found in ORGANIZATION_ROLES:
        return found
    is_admin = found is AccessRole.PLATFORM_ADMIN
    return AccessRole.ADMIN if is_admin else AccessRole.VIEWER


def logins() -> list[Shown]:
    """Email, password and role of each person who is still a member."""
    return list(_logins())


def _logins() -> Iterator[Shown]:
    ids = {org.slug: org.organization_id for org in ORGANIZATIONS}
    there = set(
        Membership.objects.filter(user__is_active=True).values_list(
            "user__email", "organization_id"
        )
    )
    for person in PEOPLE:
        for slug, role in person.roles:
            if (person.email, ids[slug]) in there:
                yield {
                    "email": person.email,
                    "password": person.password,
                    "role": role,
                    "organization_id": ids[slug],
                }


def api_keys() -> list[Shown]:
    """The demo's keys in plain text, without those that were revoked or removed."""
    live = set(ApiKey.objects.filter(revoked_at=None).values_list("key_id", flat=True))
    return [
        {
            "key": _plaintext(org, role),
            "role": role,
            "organization_id": org.organization_id,
        }
        for org in ORGANIZATIONS
        for role in org.key_roles
        if _key_id(org, role) in live
    ]
