"""The documents of a fleet's namespaces, of the size that real ones have. Pure.

A few in a hundred are special: clones, expiring, deleted, protected, on a cluster of
their own, and one in a thousand that cannot be read.
"""

import random
from datetime import datetime, timedelta
from typing import Any, Final

from nsadmin.embedded.fleet.plan import FleetPlan, is_system
from nsadmin.embedded.seed.data import places
from nsadmin.embedded.seed.data.ids import stable_id, stable_uuid
from nsadmin.embedded.seed.namespace_documents import namespace_document
from nsadmin.embedded.seed.specs import IndexSpec, NamespaceSpec
from nsadmin.namespaces.schema.payload_indexes import IndexType

Stored = dict[str, Any]

MARK: Final = "fleet"
"""The key of a document that tells which fleet it belongs to, by its seed."""

_POINTS: Final = 24
_MAX_INDEXES: Final = 15
_MAX_CHANGES: Final = 50
_EXTRACTORS: Final = (
    ("text_extractor_v1",),
    ("image_extractor_v1",),
    ("multimodal_extractor_v1",),
    ("text_extractor_v1", "image_extractor_v1"),
    ("universal_extractor_v1",),
    ("face_identity_extractor_v1", "text_extractor_v1"),
)
_SUBJECTS: Final = (
    *("archive", "catalogue", "charters", "currencies", "exhibits", "footage"),
    *("highlights", "intake", "invoices", "languages", "museum", "portraits"),
    *("regions", "subtitles", "surveys", "weather"),
)
_PLACES: Final = (
    *("berlin", "bogota", "cairo", "dakar", "hanoi", "kyoto", "lagos", "lima"),
    *("lyon", "oslo", "porto", "quito", "riga", "seoul", "tunis", "zagreb"),
)
_FIELDS: Final[tuple[tuple[str, IndexType], ...]] = (
    ("metadata.title", "text"),
    ("country", "keyword"),
    ("metadata.language", "keyword"),
    ("published_at", "datetime"),
    ("location", "geo"),
    ("duration_ms", "integer"),
    ("score", "float"),
    ("is_public", "bool"),
    ("record_uuid", "uuid"),
    ("metadata.publisher.name", "keyword"),
    ("metadata.summary", "text"),
    ("rights.expires_at", "datetime"),
    ("tags", "keyword"),
    ("size_bytes", "integer"),
    ("camera.focal_length_mm", "float"),
)
_SENTENCES: Final = (
    "Everything that the desk receives, one record for each item as it came in.",
    "Older years are complete; the last one is filled as its files are scanned.",
    "Pictures are described by their own words and by those who ordered them.",
    "Used by the search of the public pages, so its indexes are changed by request.",
    "The rights of some records end; they are left out of answers from that day on.",
    "Ask the owner before anything is copied from here into a place that others read.",
)


def is_deleted(number: int) -> bool:
    """Tell whether the namespace is deleted, and still restorable."""
    return number % 100 == 29


def is_dedicated(number: int) -> bool:
    """Tell whether the namespace is on a cluster of its own organization."""
    return number % 100 == 21


def is_unreadable(number: int) -> bool:
    """Tell whether a value of the document cannot be read."""
    return number % 1000 == 33


def spec(plan: FleetPlan, number: int) -> NamespaceSpec:
    """What a namespace declares; every tenth collection lacks an index of its own."""
    draw = random.Random(f"{plan.seed} {number}")
    subject, place = draw.choice(_SUBJECTS), draw.choice(_PLACES)
    fields = draw.sample(_FIELDS, draw.randint(8, _MAX_INDEXES))
    has_data = number < plan.collections
    return NamespaceSpec(
        slug=f"fleet-{plan.seed}-{number}",
        name=f"{subject}-{place}-{number:06}",
        organization=plan.owner(number),
        description=" ".join(draw.sample(_SENTENCES, draw.randint(1, 6))),
        records=places.airports,
        limit=_POINTS if has_data else 0,
        extractors=draw.choice(_EXTRACTORS),
        indexes=tuple(IndexSpec(name, kind) for name, kind in fields),
        scope="system" if is_system(number) else "org",
        compute_tier="dedicated_cpu" if is_dedicated(number) else "shared",
        auto_create_indexes=number % 20 == 3,
        lacks_indexes=frozenset({fields[0][0]} if number % 10 == 9 else ()),
    )


def document(
    plan: FleetPlan, number: int, *, now: datetime, cluster: Stored | None = None
) -> Stored:
    """The stored document; ends and deletions are counted from `now`.

    `cluster` is the address of a dedicated cluster.
    """
    made = spec(plan, number)
    draw = random.Random(f"{plan.seed} history {number}")
    stored = namespace_document(made, now=now, cluster=cluster)
    revision = draw.randint(1, _MAX_CHANGES)
    stored["created_at"] += timedelta(minutes=draw.randint(0, 200 * 24 * 60))
    stored["updated_at"] = stored["created_at"] + timedelta(
        seconds=draw.randint(60, 90 * 24 * 3600), milliseconds=number % 1000
    )
    stored |= {"revision": revision, "observed_revision": revision, MARK: plan.seed}
    stored["changes"] = [
        {"op_id": f"op_{draw.getrandbits(128):032x}", "revision": n}
        for n in range(1, revision + 1)
    ]
    return stored | _special(plan, number, now.replace(microsecond=0), stored)


def _special(plan: FleetPlan, number: int, now: datetime, stored: Stored) -> Stored:
    """The values that only some namespaces have."""
    found: Stored = {}
    if number % 50 == 7:
        found |= _clone(plan, number)
    if number % 100 == 13:
        found["expires_at"] = now + timedelta(days=2 + number // 100 % 80)
    if number % 100 == 17:
        found["protected"] = True
    if is_deleted(number):
        del stored["name_key"]
        found["deleted_at"] = now - timedelta(days=1 + number // 100 % 5)
        found["purge_after"] = now + timedelta(days=30)
        found["deleted_by"] = f"admin@{plan.owner(number).slug}.example"
    if is_unreadable(number):
        found["payload_indexes"] = ["not an index", *stored["payload_indexes"]]
    return found


def _clone(plan: FleetPlan, number: int) -> Stored:
    """A clone of the namespace before it of the same owner; one in ten has failed."""
    source = next(
        (n for n in range(number - 1, -1, -1) if plan.owner(n) == plan.owner(number)),
        number,
    )
    failed = number % 500 == 57
    return {
        "source_namespace_id": namespace_id(plan, source),
        "clone_status": "failed" if failed else "ready",
        "clone_task_id": stable_uuid("fleet", str(plan.seed), str(number)),
    } | ({"clone_error": "The copy could not be verified."} if failed else {})


def namespace_id(plan: FleetPlan, number: int) -> str:
    """The id of a namespace, as `NamespaceSpec` makes it, without a spec."""
    return stable_id("ns", f"fleet-{plan.seed}-{number}")
