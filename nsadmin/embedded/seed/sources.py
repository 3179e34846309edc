"""Buckets and their objects, as stored in the namespace store."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from nsadmin.embedded.seed.data.ids import stable_id
from nsadmin.embedded.seed.layout import FIRST_DAY, Document, Layout

Stored = dict[str, Any]

_MEDIA: Final = {
    "csv": ("text", "text/csv"),
    "jpg": ("image", "image/jpeg"),
    "json": ("json", "application/json"),
    "mp4": ("video", "video/mp4"),
    "pdf": ("pdf", "application/pdf"),
    "tsv": ("text", "text/tab-separated-values"),
}


def base_fields(layout: Layout, kind: str, own_id: str) -> Stored:
    """The keys that every stored resource has."""
    # An object's id is unique in its namespace only; the others are unique at large.
    at_large = own_id if kind != "object" else f"{layout.namespace_id}:{own_id}"
    return {
        "_id": at_large,
        f"{kind}_id": own_id,
        "namespace_id": layout.namespace_id,
        "internal_id": layout.internal_id,
        "created_at": FIRST_DAY,
        "updated_at": FIRST_DAY + timedelta(hours=1),
    }


def media_type(source: str) -> tuple[str, str]:
    """The blob type and MIME type of a file name's extension."""
    return _MEDIA.get(source.rpartition(".")[2], ("text", "text/plain"))


def bucket_schema(documents: Sequence[Document]) -> Stored:
    """The JSON schema of the bucket's objects."""
    kind = media_type(documents[0].record.source)[0]
    return {
        "properties": {
            "file": {"type": kind, "required": True},
            "records": {"type": "integer", "required": False},
            "status": {"type": "string", "enum": ["new", "checked"]},
        }
    }


def buckets(layout: Layout, documents: Sequence[Document]) -> list[Stored]:
    """The intake bucket with everything in it and an empty archive."""
    schema = bucket_schema(documents)
    sizes = _sizes(documents)
    return [
        {
            **base_fields(layout, "bucket", layout.bucket_id),
            "bucket_name": f"{layout.slug}-intake",
            "description": "Files as they were received.",
            "bucket_schema": schema,
            "unique_key": {"fields": ["file"], "default_policy": "upsert"},
            "metadata": {"owner": "data desk"},
            "storage_class": "standard",
            "object_count": len(sizes),
            "total_size_bytes": sum(sizes.values()),
            "status": "active",
            "is_locked": False,
        },
        {
            **base_fields(layout, "bucket", layout.archive_id),
            "bucket_name": f"{layout.slug}-archive",
            "description": "Files that a newer one replaced.",
            "bucket_schema": schema,
            "metadata": {},
            "storage_class": "cold",
            "object_count": 0,
            "total_size_bytes": 0,
            "status": "active",
            "is_locked": True,
        },
    ]


def _sizes(documents: Sequence[Document]) -> Counter[str]:
    """Bytes of text by source."""
    sizes: Counter[str] = Counter()
    for document in documents:
        if not document.derived:
            sizes[document.record.source] += len(document.record.text.encode())
    return sizes


def objects(layout: Layout, documents: Sequence[Document]) -> list[Stored]:
    """One object per source, each with an edge to the one after it."""
    sizes = _sizes(documents)
    records = Counter(d.record.source for d in documents if not d.derived)
    names = sorted(sizes)
    return [
        {
            **base_fields(layout, "object", layout.object_id(name)),
            "bucket_id": layout.bucket_id,
            "key_prefix": f"/{layout.slug}",
            "blobs": [_blob(layout, name, sizes[name])],
            "source_details": [{"type": "bucket", "source_id": layout.bucket_id}],
            "edges": [
                {
                    "edge_type": "followed_by",
                    "target_object_id": layout.object_id(following),
                    "target_collection_id": layout.base_id,
                }
            ],
            "records": records[name],
            "status": "COMPLETED",
        }
        for name, following in zip(names, [*names[1:], *names[:1]], strict=True)
    ]


def _blob(layout: Layout, name: str, size: int) -> Stored:
    kind, mime = media_type(name)
    return {
        "blob_id": stable_id("blob", layout.slug, name),
        "property": "file",
        "type": kind,
        "key_prefix": f"/{layout.slug}",
        "properties": {"url": f"s3://demo-records/{layout.slug}/{name}"},
        "details": {
            "filename": name,
            "size_bytes": size,
            "mime_type": mime,
            "hash": hashlib.sha256(f"{layout.slug}/{name}".encode()).hexdigest(),
        },
    }
