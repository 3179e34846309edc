"""Resources of a namespace that refer to each other in every documented way."""

from datetime import UTC, datetime, timedelta
from typing import Any

from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.resources import Kind

Document = dict[str, Any]

WHEN = datetime(2026, 11, 20, 8, tzinfo=UTC)
EXTRACTOR = {"feature_extractor_name": "text_extractor", "version": "v1"}
FEATURE = "mixpeek://text_extractor@v1"


def base(namespace: Namespace, kind: str, own_id: str, number: int = 0) -> Document:
    """The fields that every resource has."""
    at_large = own_id if kind != "object" else f"{namespace.namespace_id}:{own_id}"
    return {
        "_id": at_large,
        f"{kind}_id": own_id,
        "namespace_id": namespace.namespace_id,
        "internal_id": namespace.internal_id,
        "created_at": WHEN,
        "updated_at": WHEN + timedelta(hours=number),
    }


class World:
    """Writes resources of a namespace; ids are made unique by its own id."""

    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace
        self._mark = namespace.namespace_id[-8:]

    def id(self, prefix: str, name: str) -> str:
        """Return the id of a name, such as `col_records_a1b2c3d4`."""
        return f"{prefix}_{name.replace(' ', '_')}_{self._mark}"

    def path(self, page: str = "") -> str:
        """Return the path of a page below the namespace's resources."""
        return f"/namespaces/{self.namespace.namespace_id}/resources/{page}"

    def put(self, kind: Kind, document: Document) -> Document:
        """Write one document."""
        resources.put(kind, [document])
        return document

    def bucket(self, name: str, **more: Any) -> str:
        """Write a bucket; return its id."""
        own_id = self.id("bkt", name)
        self.put(
            "buckets",
            {
                **base(self.namespace, "bucket", own_id),
                "bucket_name": name,
                "description": f"Files of {name} as they were received.",
                "object_count": 48,
                "total_size_bytes": 48_120_331,
                "status": "active",
                "storage_class": "standard",
                "is_locked": False,
                **more,
            },
        )
        return own_id

    def objects(self, bucket_id: str, count: int, name: str = "") -> list[str]:
        """Write objects of a bucket, each with an edge to the next; return their ids."""
        name = name or bucket_id.split("_")[1]
        ids = [self.id("obj", f"{name}{n:05}") for n in range(count)]
        written = [
            {
                **base(self.namespace, "object", own_id, n % 40),
                "bucket_id": bucket_id,
                "key_prefix": f"/{name}/2026",
                "blobs": [
                    {
                        "blob_id": f"blob_{n}",
                        "property": "file",
                        "type": "image",
                        "details": {"filename": f"photo-{n:05}.jpg", "size_bytes": 90},
                    }
                ],
                "source_details": [{"type": "bucket", "source_id": bucket_id}],
                "edges": [
                    {
                        "edge_type": "followed_by",
                        "target_object_id": ids[(n + 1) % count],
                    }
                ],
                "status": "COMPLETED",
            }
            for n, own_id in enumerate(ids)
        ]
        for start in range(0, count, 2000):
            resources.put("objects", written[start : start + 2000])
        return ids

    def collection(self, name: str, source: Document, **more: Any) -> str:
        """Write a collection; return its id."""
        own_id = self.id("col", name)
        self.put(
            "collections",
            {
                **base(self.namespace, "collection", own_id),
                "collection_name": name,
                "description": f"Every record of {name}.",
                "source": source,
                "feature_extractor": EXTRACTOR,
                "enabled": True,
                "lifecycle_state": "active",
                "document_count": 6100,
                "s3_vector_index": own_id,
                **more,
            },
        )
        return own_id

    def retriever(self, name: str, collections: list[str], **more: Any) -> str:
        """Write a retriever that searches collections; return its id."""
        own_id = self.id("ret", name)
        find = {
            "stage_name": "find",
            "config": {
                "stage_id": "feature_search",
                "parameters": {
                    "collection_identifiers": collections,
                    "searches": [{"feature_uri": FEATURE, "top_k": 50}],
                },
            },
        }
        self.put(
            "retrievers",
            {
                **base(self.namespace, "retriever", own_id),
                "retriever_name": name,
                "description": "Finds records by their words.",
                "collection_ids": collections,
                "stages": [find],
                "feature_dependencies": [FEATURE],
                "version": 1,
                "is_published": False,
                **more,
            },
        )
        return own_id

    def taxonomy(
        self, name: str, retriever_id: str, collections: list[str], **more: Any
    ) -> str:
        """Write a taxonomy over collections; return its id."""
        own_id = self.id("tax", name)
        nodes = [
            {"collection_id": one, "retriever_id": retriever_id} for one in collections
        ]
        self.put(
            "taxonomies",
            {
                **base(self.namespace, "taxonomy", own_id),
                "taxonomy_name": name,
                "description": "Which highlight a record is most like.",
                "version": 1,
                "ready": True,
                "retriever_id": retriever_id,
                "config": {
                    "taxonomy_type": "hierarchical",
                    "retriever_id": retriever_id,
                    "hierarchical_nodes": nodes,
                },
                **more,
            },
        )
        return own_id

    def update(self, kind: Kind, own_id: str, **values: Any) -> None:
        """Set values of a written document."""
        from nsadmin.stores.mongo.connection import collection

        collection(kind).update_one({"_id": own_id}, {"$set": values})


def plain(namespace: Namespace, objects: int = 8) -> World:
    """Two buckets, three collections, two retrievers, a taxonomy; with a circle.

    The taxonomy is applied to the collection that its retriever searches.
    """
    world = World(namespace)
    intake, archive = world.bucket("intake"), world.bucket("archive", object_count=0)
    world.objects(intake, objects)
    records = world.collection(
        "records",
        {
            "type": "bucket",
            "bucket_ids": [intake, archive],
            "source_filters": {
                "AND": [{"field": "bucket_id", "operator": "eq", "value": intake}]
            },
        },
        source_bucket_schemas={intake: {}, archive: {}},
    )
    taxonomy_id = world.id("tax", "topics")
    highlights = world.collection(
        "highlights",
        {
            "type": "collection",
            "collection_id": records,
            "collection_ids": [records],
            "inherited_bucket_ids": [intake],
        },
        taxonomy_applications=[{"taxonomy_id": taxonomy_id}],
        document_count=120,
    )
    world.collection(
        "near the museum",
        {
            "type": "bucket",
            "source_namespace_id": "ns_museum0001",
            "bucket_ids": ["bkt_museum0001"],
        },
        enabled=False,
        document_count=0,
    )
    search = world.retriever("search", [records, highlights])
    classify = world.retriever("classify", [highlights])
    world.taxonomy("topics", classify, [records, highlights])
    assert search
    return world


def broken(namespace: Namespace) -> World:
    """The same with ids that name nothing, in every kind."""
    world = plain(namespace)
    world.collection("orphans", {"type": "bucket", "bucket_ids": ["bkt_gone00001"]})
    world.retriever("lost", ["col_gone00001", "near the museum"])
    world.taxonomy("lost topics", "ret_gone00001", [world.id("col", "records")])
    world.objects("bkt_gone00002", 3, name="stray")
    return world


def large(namespace: Namespace, buckets: int = 40, collections: int = 80) -> World:
    """About two hundred resources, and a column that folds."""
    world = World(namespace)
    intakes = [world.bucket(f"intake-{n:02}") for n in range(buckets)]
    made = [
        world.collection(
            f"records-{n:02}",
            {"type": "bucket", "bucket_ids": [intakes[n % buckets]]},
        )
        for n in range(collections)
    ]
    derived = [
        world.collection(
            f"highlights-{n:02}", {"type": "collection", "collection_ids": [made[n]]}
        )
        for n in range(0, collections, 4)
    ]
    found = [
        world.retriever(f"search-{n:02}", [made[2 * n], derived[n % len(derived)]])
        for n in range(min(40, collections // 2))
    ]
    for n in range(20):
        world.taxonomy(f"topics-{n:02}", found[n % len(found)], [made[n]])
    return world
