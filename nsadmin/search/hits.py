"""What a search finds, ready to be shown: with the words marked, or without a name."""

from dataclasses import dataclass, field

from nsadmin.trigrams.models import Kind
from nsadmin.trigrams.words import Piece


@dataclass(frozen=True, slots=True)
class Hit:
    """A thing that the actor may see. `evidence` is where the words stand otherwise.

    `key` is the id in addresses: of the namespace, the resource, the job, the
    membership. `internal_id` is its tenant; `organization` is the tenant's name, for
    those who see several.
    """

    kind: Kind
    key: str
    name: list[Piece]
    id: list[Piece]
    evidence: list[Piece]
    internal_id: str
    namespace_id: str = ""
    namespace_name: str = ""
    organization: str = ""
    organization_id: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Withheld:
    """A thing that matches, of an organization that the actor has no access to.

    It tells nothing of the name, the description, or what matched.
    """

    organization: str
    organization_id: str
    namespace_id: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Group:
    """The hits of one kind of thing; `has_more` if there are more than these."""

    key: str
    hits: list[Hit] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    has_more: bool = False

    @property
    def count(self) -> int:
        """The number of lines."""
        return len(self.hits) + len(self.withheld)
