"""What is known of a namespace when it is compared. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from nsadmin.comparison.rows import Absent
from nsadmin.namespaces.schema.document import Namespace, Raw


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """What Qdrant says of a collection; `vector_points` has (having, of), or None.

    Of a collection that does not exist only `exists` and `as_of` are set.
    """

    exists: bool
    as_of: datetime | None = None
    status: str = ""
    points: int = 0
    segments: int = 0
    indexed_vectors: int = 0
    vectors: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    sparse_vectors: tuple[str, ...] = ()
    indexes: Mapping[str, Raw] = field(default_factory=dict)
    vector_points: Mapping[str, tuple[int, int] | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one namespace, without secrets.

    `counts` has the number of resources by kind. `live` is None while Qdrant is silent.
    """

    namespace: Namespace
    infrastructure: Raw
    has_key: bool | None
    counts: Mapping[str, int | Absent]
    live: LiveFacts | None
