"""A call of each function of the namespace store, by its name."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nsadmin.stores.mongo import namespaces, resource_reads, resources

KIND: resources.Kind = "buckets"
ID = "ns_a"
AT = datetime(2026, 1, 2, tzinfo=UTC)
DOCUMENT: dict[str, Any] = {"_id": ID, "revision": 1, "internal_id": "i"}

# Each read of the store. A generator is read to its end.
READS: dict[str, Callable[[], object]] = {
    "namespaces.get": lambda: namespaces.get(ID),
    "namespaces.get_many": lambda: namespaces.get_many([ID]),
    "namespaces.find_by_name": lambda: namespaces.find_by_name("i", "films"),
    "namespaces.find_all_by_name": lambda: namespaces.find_all_by_name("films"),
    "namespaces.find_by_collection": lambda: namespaces.find_by_collection("films"),
    "namespaces.every_collection": lambda: list(namespaces.every_collection()),
    "namespaces.with_left_behind": lambda: list(namespaces.with_left_behind()),
    "namespaces.every": lambda: list(namespaces.every()),
    "namespaces.marks_after": lambda: namespaces.marks_after("", limit=5),
    "namespaces.documents_after": lambda: list(namespaces.documents_after("", limit=5)),
    "namespaces.other_marks": lambda: namespaces.other_marks(texts=0),
    "namespaces.with_ids": lambda: list(namespaces.with_ids([ID])),
    "namespaces.present_of": lambda: namespaces.present_of([ID]),
    "namespaces.marks_changed_at": lambda: namespaces.marks_changed_at(AT, "", limit=5),
    "namespaces.marks_changed_between": lambda: namespaces.marks_changed_between(
        AT, AT, limit=5
    ),
    "namespaces.count_of_tenant": lambda: namespaces.count_of_tenant("i"),
    "resources.page": lambda: resources.page(KIND, ID),
    "resources.every": lambda: list(resources.every(KIND, ID)),
    "resources.first_collections": lambda: resources.first_collections(ID, 1),
    "resources.known_collections": lambda: resources.known_collections(
        ID, ["c"], within_s=1
    ),
    "resources.count": lambda: resources.count(KIND, ID),
    "resources.counts": lambda: resources.counts(ID),
    "resources.counts_of": lambda: resources.counts_of(KIND, [ID]),
    "resources.summaries": lambda: resources.summaries(
        KIND, after="", limit=5, within_s=1
    ),
    "resources.existing": lambda: resources.existing(KIND, ["b"], within_s=1),
    "resource_reads.page": lambda: resource_reads.page(KIND, ID, limit=5),
    "resource_reads.by_id": lambda: resource_reads.by_id(KIND, ID, "b"),
    "resource_reads.by_key": lambda: resource_reads.by_key(KIND, ID, "b"),
    "resource_reads.by_ids": lambda: resource_reads.by_ids(KIND, ID, ["b"], ["_id"]),
    "resource_reads.by_prefix": lambda: resource_reads.by_prefix(
        KIND, ID, "b", limit=5, fields=["_id"]
    ),
    "resource_reads.naming": lambda: resource_reads.naming(
        KIND, ID, field="f", value="v", limit=5
    ),
    "resource_reads.count_naming": lambda: resource_reads.count_naming(
        KIND, ID, field="f", value="v"
    ),
}
# Writes may read before they write.
WRITES: dict[str, Callable[[], object]] = {
    "namespaces.insert": lambda: namespaces.insert(dict(DOCUMENT)),
    "namespaces.replace": lambda: namespaces.replace({"_id": ID}, {"_id": ID}),
    "namespaces.delete": lambda: namespaces.delete(ID, revision=1),
    "resources.put": lambda: resources.put(KIND, [{"_id": "b", "namespace_id": ID}]),
    "resources.delete_some": lambda: resources.delete_some(KIND, ID),
    "resources.delete_all": lambda: resources.delete_all(KIND, ID),
}
