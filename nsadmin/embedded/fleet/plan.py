"""Who owns what in a fleet; the same for the same seed, whatever its size. Pure.

Everything follows from the number of a namespace, so a fleet can be made in batches,
again after an interruption, and larger than before.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from nsadmin.embedded.seed.data.people import (
    OPERATOR,
    OrganizationSpec,
    PersonSpec,
    Role,
)

PASSWORD: Final = "fleet-likes-namespaces"
"""The password of every person of every organization of a fleet."""

_ROLES: Final[tuple[Role, ...]] = ("admin", "member", "viewer")
_PLANS: Final = ("pro", "free", "enterprise", "free", "pro")


@dataclass(frozen=True)
class FleetPlan:
    """The size of a fleet; `collections` of its namespaces have data in Qdrant."""

    namespaces: int
    organizations: int
    seed: int = 17
    collections: int = 12

    @cached_property
    def owners(self) -> tuple[OrganizationSpec, ...]:
        """The organizations, the largest first."""
        return tuple(
            OrganizationSpec(
                f"fleet-{self.seed}-{number:05}",
                f"Tenant {self.seed}-{number:05}",
                "enterprise" if number == 0 else _PLANS[number % len(_PLANS)],
                ("admin", "member"),
            )
            for number in range(self.organizations)
        )

    def owner(self, number: int) -> OrganizationSpec:
        """The organization of a namespace: the first has half of all.

        The other half is uneven too: the first of them have most.
        """
        if is_system(number):
            return OPERATOR
        if number % 2 or self.organizations == 1:
            return self.owners[0]
        drawn = random.Random(f"{self.seed} owner {number}").random()
        others = self.organizations - 1
        return self.owners[1 + min(int(others * drawn**2), others - 1)]

    def people(self) -> Iterator[PersonSpec]:
        """An admin of each organization; a member and a viewer of the largest too."""
        for number, owner in enumerate(self.owners):
            for role in _ROLES[: 1 if number else None]:
                yield PersonSpec(
                    email=f"{role}@{owner.slug}.example",
                    name=f"{role.title()} of {owner.name}",
                    password=PASSWORD,
                    roles=((owner.slug, role),),
                )


def is_system(number: int) -> bool:
    """Tell whether a namespace belongs to the platform."""
    return number % 1000 == 5
