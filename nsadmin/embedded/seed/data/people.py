"""The organizations of the demo and the people in them."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from nsadmin.embedded.seed.data.ids import stable_id

Role = Literal["admin", "member", "viewer", "support", "platform_admin"]
Plan = Literal["free", "pro", "enterprise"]


@dataclass(frozen=True, slots=True)
class OrganizationSpec:
    """An organization; `slug` is how the catalogue refers to it."""

    slug: str
    name: str
    plan: Plan
    key_roles: tuple[Role, ...]
    is_operator: bool = False

    @property
    def organization_id(self) -> str:
        """The id that the API shows."""
        return stable_id("org", self.slug)

    @property
    def internal_id(self) -> str:
        """The tenant id inside the stores."""
        return stable_id("int", self.slug, length=16)


@dataclass(frozen=True, slots=True)
class PersonSpec:
    """A person and their role in one or more organizations (by slug)."""

    email: str
    name: str
    password: str
    roles: tuple[tuple[str, Role], ...]


OPERATOR: Final = OrganizationSpec(
    "platform-operations",
    "Platform Operations",
    "enterprise",
    ("admin", "support", "platform_admin"),
    is_operator=True,
)
NORTHLIGHT: Final = OrganizationSpec(
    "northlight-media", "Northlight Media", "enterprise", ("admin", "member", "viewer")
)
HALDEN: Final = OrganizationSpec(
    "halden-museum-labs", "Halden Museum Labs", "pro", ("admin", "member", "viewer")
)
CORVID: Final = OrganizationSpec(
    "corvid-reading-group", "Corvid Reading Group", "free", ("admin", "viewer")
)

ORGANIZATIONS: Final = (OPERATOR, NORTHLIGHT, HALDEN, CORVID)


def _person(
    organization: OrganizationSpec, domain: str, first: str, name: str, role: Role
) -> PersonSpec:
    return PersonSpec(
        email=f"{first}@{domain}.example",
        name=name,
        password=f"{first}-likes-namespaces",
        roles=((organization.slug, role),),
    )


PEOPLE: Final = (
    _person(OPERATOR, "operations", "ada", "Ada Okafor", "admin"),
    _person(OPERATOR, "operations", "sven", "Sven Lindqvist", "support"),
    _person(OPERATOR, "operations", "petra", "Petra Novak", "platform_admin"),
    _person(NORTHLIGHT, "northlight", "noor", "Noor Haddad", "admin"),
    _person(NORTHLIGHT, "northlight", "marco", "Marco Bianchi", "member"),
    _person(NORTHLIGHT, "northlight", "vera", "Vera Solberg", "viewer"),
    _person(HALDEN, "halden-museum", "hanna", "Hanna Berg", "admin"),
    _person(HALDEN, "halden-museum", "malik", "Malik Traoré", "member"),
    _person(HALDEN, "halden-museum", "vivek", "Vivek Rao", "viewer"),
    _person(CORVID, "corvid-reading", "cleo", "Cleo Martin", "admin"),
    _person(CORVID, "corvid-reading", "wren", "Wren Ashby", "viewer"),
    # Last, so that the first person of each role has one organization only.
    replace(
        _person(HALDEN, "freelance", "robin", "Robin van der Meer", "member"),
        roles=((HALDEN.slug, "member"), (NORTHLIGHT.slug, "viewer")),
    ),
)
