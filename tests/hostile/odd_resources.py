"""Odd resources, as other programs may leave them: each is listed and can be opened.

Each is a document of a kind with some values replaced. `is_faulty` says that the page
has to name at least one value that cannot be read.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from nsadmin.namespaces.schema.document import Namespace
from nsadmin.resources.references.kinds import WORDS, Kind
from tests.hostile.odd_documents import MISSING, nested

MEGABYTE = "é" * 500_000
SCRIPT = "<script>alert(1)</script>"
RTL = "\u202egpj.exe"


@dataclass(frozen=True)
class OddResource:
    """One odd resource; without `id_value` it has a plain id of its own."""

    kind: Kind
    name: str
    values: dict[str, Any] = field(default_factory=dict)
    is_faulty: bool = False
    key: Any = None

    def document(self, namespace: Namespace) -> dict[str, Any]:
        """Return the whole document."""
        words = WORDS[self.kind]
        plain = f"odd_{self.name}_{namespace.namespace_id[-6:]}"
        whole = {
            "_id": plain if self.key is None else self.key,
            words.id_field: plain,
            "namespace_id": namespace.namespace_id,
            "internal_id": namespace.internal_id,
            **({words.name_field: f"odd {self.name}"} if words.name_field else {}),
            "updated_at": datetime(2026, 11, 20, tzinfo=UTC),
            **self.values,
        }
        return {key: value for key, value in whole.items() if value is not MISSING}


ODD = [
    OddResource("buckets", "nothing", {"bucket_name": MISSING, "updated_at": MISSING}),
    OddResource("buckets", "name_number", {"bucket_name": 7}, is_faulty=True),
    OddResource("buckets", "name_script", {"bucket_name": SCRIPT, "description": RTL}),
    OddResource("buckets", "name_nul", {"bucket_name": "a\0b"}, is_faulty=True),
    OddResource("buckets", "name_long", {"bucket_name": MEGABYTE}, is_faulty=True),
    OddResource("buckets", "count_text", {"object_count": "many"}, is_faulty=True),
    OddResource("buckets", "count_negative", {"object_count": -3}, is_faulty=True),
    OddResource("buckets", "size_huge", {"total_size_bytes": 2**62}),
    OddResource("buckets", "date_text", {"updated_at": "yesterday"}, is_faulty=True),
    OddResource("buckets", "status_list", {"status": ["active"]}, is_faulty=True),
    OddResource("buckets", "deep", {"metadata": nested(400)}),
    OddResource("buckets", "key_object_id", {"bucket_id": MISSING}, True, ObjectId()),
    OddResource("buckets", "id_slash", {"bucket_id": "a/b"}, key="a/b odd"),
    OddResource("buckets", "id_percent", {"bucket_id": "50%25 %2F?#&"}, key="50% odd"),
    OddResource("buckets", "id_dots", {"bucket_id": ".."}, key="dots odd"),
    OddResource("buckets", "id_tilde", {"bucket_id": "~x"}, key="tilde odd"),
    OddResource("buckets", "id_long", {"bucket_id": "b" * 5000}, True),
    OddResource("buckets", "id_list", {"bucket_id": ["b"]}, True),
    OddResource("objects", "blobs_text", {"blobs": "file"}, is_faulty=True),
    OddResource("objects", "blobs_odd", {"blobs": [None, 7, {"details": []}]}, True),
    OddResource("objects", "edges_object", {"edges": {"target_object_id": 7}}),
    OddResource("objects", "bucket_number", {"bucket_id": 7}, is_faulty=True),
    OddResource("objects", "bucket_slash", {"bucket_id": "a/b"}),
    OddResource("collections", "source_text", {"source": "bucket"}, is_faulty=True),
    OddResource("collections", "source_odd", {"source": {"bucket_ids": [None, {}]}}),
    OddResource("collections", "extractor_odd", {"feature_extractor": ["a"]}),
    OddResource("collections", "vectors_odd", {"vector_indexes": [1, {"name": 2}]}),
    OddResource("collections", "enabled_text", {"enabled": "yes"}, is_faulty=True),
    OddResource("retrievers", "stages_object", {"stages": {"a": 1}}, is_faulty=True),
    OddResource("retrievers", "stages_odd", {"stages": [None, "x", [[]]]}),
    OddResource("retrievers", "features", {"feature_dependencies": [None, MEGABYTE]}),
    OddResource("taxonomies", "config_list", {"config": []}, is_faulty=True),
    OddResource(
        "taxonomies", "nodes_text", {"config": {"hierarchical_nodes": "a"}}, True
    ),
    OddResource("taxonomies", "ready_text", {"ready": "no"}, is_faulty=True),
]
