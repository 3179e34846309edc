"""The entries of the catalogue: namespaces, payload indexes and filters."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from nsadmin.embedded.seed.data.ids import stable_id
from nsadmin.embedded.seed.data.people import OrganizationSpec
from nsadmin.embedded.seed.data.records import Record, sampled
from nsadmin.namespaces.schema.payload_indexes import IndexType


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """A custom payload index; `params` are those that differ from its type's defaults.

    `auto` ones were made by the platform because the field is filtered often;
    `mistaken` ones have a type that does not fit the field's values.
    """

    field_name: str
    type: IndexType
    params: dict[str, Any] = field(default_factory=dict, hash=False)
    auto: bool = False
    mistaken: bool = False


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """How often queries filter by a field in 24 hours, and their mean milliseconds."""

    field_name: str
    a_day: int
    mean_ms: float


@dataclass(frozen=True, slots=True)
class NamespaceSpec:
    """One namespace of the demo.

    `lacks_vectors` and `lacks_indexes` are declared but not in Qdrant. `gaps`
    pairs a vector with n: every nth point lacks it. With `nested_every` n, every nth
    payload nests its system fields. With `highlight_every` n, every nth record is also
    in a second collection. `borrows_from` is the slug of another namespace whose bucket
    one collection reads. `filters` are the fields that its queries filter by.
    """

    slug: str
    name: str
    organization: OrganizationSpec
    description: str
    records: Callable[[], Iterable[Record]]
    limit: int
    extractors: tuple[str, ...]
    indexes: tuple[IndexSpec, ...] = ()
    scope: Literal["org", "system"] = "org"
    compute_tier: Literal["shared", "dedicated_cpu"] = "shared"
    auto_create_indexes: bool = False
    expires_in: timedelta | None = None
    numbered: bool = False
    nested_every: int = 0
    highlight_every: int = 10
    gaps: tuple[tuple[str, int], ...] = ()
    lacks_vectors: frozenset[str] = frozenset()
    lacks_indexes: frozenset[str] = frozenset()
    borrows_from: str | None = None
    filters: tuple[FilterSpec, ...] = ()

    @property
    def namespace_id(self) -> str:
        """The id, which is also the name of the Qdrant collection."""
        return stable_id("ns", self.slug)

    def chosen(self) -> list[Record]:
        """The records of this namespace; selection and order never change."""
        return sampled(self.records(), self.limit, self.slug)
