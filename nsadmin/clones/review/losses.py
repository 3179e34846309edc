"""What a clone would lack of its source, and where it would go instead, by name.

The same functions that the job uses leave out the same things; nothing is written.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID

from nsadmin.clones.copy import infrastructure
from nsadmin.clones.copy.context import REFERENCED_KINDS
from nsadmin.clones.request import CloneRequest
from nsadmin.clones.review import limits
from nsadmin.clones.rewrite import remap
from nsadmin.clones.rewrite.id_map import IdMap, build_id_map
from nsadmin.clones.rewrite.remap import OmissionLog
from nsadmin.errors import NsadminError
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.resources.references.fields import IdKind
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.resources import ID_FIELD, Kind

# A namespace has few of these; the rest of very many is left to the job's report.
_MOST_READ: Final = 2000
# New ids are not shown, so any job may stand for the one to come.
_NO_JOB: Final = UUID(int=0)
_UNREAD: Final = (
    "What retrievers and collections lose is not known: {} The report says it."
)
_RULES: Final[tuple[tuple[Kind, Callable[..., object]], ...]] = (
    ("collections", remap.pruned_collection),
    ("retrievers", remap.pruned_retriever),
    ("taxonomies", remap.pruned_taxonomy),
)


@dataclass(frozen=True, slots=True)
class Losses:
    """What has to be accepted before the start, as sentences.

    `place` says that the clone goes to another place than its source, `lost` what it
    lacks although it was asked for. `warnings` need no consent.
    """

    place: tuple[str, ...]
    lost: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many sentences need consent."""
        return len(self.place) + len(self.lost)

    @property
    def place_key(self) -> str:
        """The value of a tick for `place`; another one once the sentences change."""
        return _key(self.place)

    @property
    def lost_key(self) -> str:
        """The value of a tick for `lost`."""
        return _key(self.lost)


def losses(
    source: Namespace, clone: Namespace, request: CloneRequest, points: int | None
) -> Losses:
    """Return what a clone would lose; stores that do not answer are told of."""
    kept = limits.of_collection(source, clone, points)
    omissions, warnings = OmissionLog(), list(kept.warnings)
    try:
        _collect(source, clone, request, omissions)
    except NsadminError as error:
        warnings.append(_UNREAD.format(error.message))
    return Losses(
        place=tuple(_place(source, clone)),
        lost=(
            *omissions.sentences,
            *kept.losses,
            *infrastructure.losses(source, clone),
        ),
        warnings=tuple(warnings),
    )


def _place(source: Namespace, clone: Namespace) -> list[str]:
    found = []
    if source.tier != "shared" and clone.tier == "shared":
        found.append(
            "The source has a dedicated cluster. The clone goes to the shared one, "
            "which other organizations use as well."
        )
    elif _address(source) != _address(clone):
        found.append("The clone goes to another cluster than its source.")
    if source.internal_id != clone.internal_id:
        found.append(
            "The source belongs to another organization. Secrets that its pipelines "
            "use are not copied; the clone's stages need their own."
        )
    return found


def _address(namespace: Namespace) -> tuple[str, str]:
    is_shared = namespace.tier == "shared"
    url = "" if is_shared else str(namespace.infrastructure.get("qdrant_url") or "")
    return "shared" if is_shared else "dedicated", url


def _collect(
    source: Namespace, clone: Namespace, request: CloneRequest, omissions: OmissionLog
) -> None:
    """Leave out what the job would leave out, and collect the sentences."""
    include = request.include
    documents = {
        kind: list(islice(resources.every(kind, source.namespace_id), _MOST_READ))
        for kind, _ in _RULES
    }
    ids = _id_map(source, clone, request, documents)
    for kind, prune in _RULES:
        for document in documents[kind] if getattr(include, kind) else ():
            prune(document, ids, omissions)


def _id_map(
    source: Namespace,
    clone: Namespace,
    request: CloneRequest,
    documents: dict[Kind, list[dict[str, Any]]],
) -> IdMap:
    known: dict[IdKind, list[str]] = {
        kind: [str(d.get(ID_FIELD[kind]) or d["_id"]) for d in documents.get(kind, ())]  # type: ignore[index, arg-type]
        for kind in REFERENCED_KINDS
    }
    copied = [k for k in REFERENCED_KINDS if getattr(request.include, k, True)]
    tenant = (source.internal_id, clone.internal_id)
    return build_id_map(
        job_id=_NO_JOB,
        source_namespace_id=source.namespace_id,
        source_ids=known,
        copied=copied,
        tenant=tenant if tenant[0] != tenant[1] else None,
    )


def _key(sentences: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(sentences).encode()).hexdigest()[:16]
