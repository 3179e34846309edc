"""The origin of a document as a line of links to its resources."""

from dataclasses import dataclass

from django.urls import reverse

from nsadmin.documents.shown.lineage import Lineage
from nsadmin.pages.documents.rows import document_href, fits


@dataclass(frozen=True, slots=True)
class Origin:
    """One thing that a document comes from; `word` says of which kind it is."""

    word: str
    id: str
    href: str


def origins(lineage: Lineage, namespace_id: str) -> list[Origin]:
    """Return where a document comes from, the farthest first, each thing once."""
    bucket = lineage.root_bucket_id or lineage.bucket_id
    found = [
        ("bucket", bucket, _resource(namespace_id, "buckets", bucket)),
        *_objects(lineage, namespace_id),
        *_collections(lineage, namespace_id),
    ]
    if lineage.source_document_id:
        source = lineage.source_document_id
        found.append(("source document", source, document_href(namespace_id, source)))
    if lineage.collection_id:
        href = _resource(namespace_id, "collections", lineage.collection_id)
        found.append(("collection", lineage.collection_id, href))
    seen = dict.fromkeys(entry for entry in found if entry[1])
    return [Origin(word, name, href) for word, name, href in seen]


def _objects(lineage: Lineage, namespace_id: str) -> list[tuple[str, str, str]]:
    names = (lineage.root_object_id, lineage.object_id)
    return [("object", n, _resource(namespace_id, "objects", n)) for n in names]


def _collections(lineage: Lineage, namespace_id: str) -> list[tuple[str, str, str]]:
    """Return the collections before the document's own, in the order of its way."""
    names = [step.collection_id for step in lineage.chain]
    names += [lineage.source_collection_id]
    return [
        ("collection", name, _resource(namespace_id, "collections", name))
        for name in names
        if name != lineage.collection_id
    ]


def _resource(namespace_id: str, kind: str, identifier: str) -> str:
    """Return the address of a resource's page; "" for an id that none can have."""
    if not fits(identifier):
        return ""
    return reverse("resource", args=[namespace_id, kind, identifier])
