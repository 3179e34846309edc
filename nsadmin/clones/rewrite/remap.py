"""The clone's version of a document, kind by kind. Pure.

References to copied resources get the new ids. References to resources that are not
copied are removed, and a sentence about each is collected: a list loses the element; a
stage, an attachment or an edge that needs the resource is removed as a whole; a
taxonomy that lost a part is kept, but not ready. Clusters, alerts, triggers,
publication and marketplace listings are never copied.
"""

import copy
from collections.abc import Iterable
from typing import Any, Final

from nsadmin.clones.rewrite.id_map import IdMap
from nsadmin.clones.rewrite.payload import rewrite_payload
from nsadmin.clones.rewrite.references import find_references, rewrite_references
from nsadmin.resources.references.fields import IdKind

Document = dict[str, Any]

LOST_REFERENCES: Final = (
    "References in documents to resources that are not copied, such as taxonomies."
)
LOST_EDGES: Final = "Edges of objects to collections that are not copied."


class OmissionLog:
    """Sentences about data that was left out: each once, in order, at most `MAX`."""

    MAX = 200

    def __init__(self, sentences: Iterable[str] = ()) -> None:
        self._sentences = dict.fromkeys(sentences)

    def add(self, sentence: str) -> None:
        """Add a sentence; after `MAX` of them, one sentence stands for all others."""
        if len(self._sentences) < self.MAX:
            self._sentences.setdefault(sentence)
        else:
            self._sentences.setdefault("More data was left out.")

    @property
    def sentences(self) -> list[str]:
        return list(self._sentences)


def bucket(document: Document, ids: IdMap) -> Document:
    """Return the clone's bucket: new id and namespace, the same files."""
    return _rewrite_with_new_id(document, ids, kind="buckets", id_field="bucket_id")


def object_(document: Document, ids: IdMap, omissions: OmissionLog) -> Document:
    """Return the clone's object: the same id, without edges to absent collections."""
    clone = _rewrite_document(pruned_object(document, ids, omissions), ids)
    clone["_id"] = f"{clone['namespace_id']}:{clone['object_id']}"
    return clone


def pruned_object(document: Document, ids: IdMap, omissions: OmissionLog) -> Document:
    """Return the object with its own ids, without what the clone leaves out."""
    clone = copy.copy(document)
    kept = _without_absent(clone.get("edges"), ids)
    if kept != clone.get("edges"):
        omissions.add(LOST_EDGES)
        clone["edges"] = kept
    return clone


def collection(document: Document, ids: IdMap, omissions: OmissionLog) -> Document:
    """Return the clone's collection, without attachments that are not copied."""
    clone = pruned_collection(document, ids, omissions)
    return _rewrite_with_new_id(
        clone, ids, kind="collections", id_field="collection_id"
    )


def pruned_collection(
    document: Document, ids: IdMap, omissions: OmissionLog
) -> Document:
    """Return the collection with its own ids, without what the clone leaves out."""
    clone = copy.copy(document)
    name = f"Collection “{document.get('collection_name', '')}”"
    for key, thing in (
        ("cluster_applications", "cluster"),
        ("alert_applications", "alert"),
    ):
        if clone.get(key):
            omissions.add(f"{name} loses its {thing}s; those are never copied.")
            clone[key] = []
    if clone.pop("trigger_id", None):
        omissions.add(f"{name} loses its trigger; triggers are never copied.")
    for key, thing in (
        ("taxonomy_applications", "taxonomies"),
        ("retriever_enrichments", "retrievers"),
    ):
        kept = _without_absent(clone.get(key), ids)
        if kept != clone.get(key):
            omissions.add(f"{name} loses {thing} that are not copied.")
            clone[key] = kept
    return clone


def retriever(document: Document, ids: IdMap, omissions: OmissionLog) -> Document:
    """Return the clone's retriever: unpublished, without stages that cannot work."""
    clone = pruned_retriever(document, ids, omissions)
    return _rewrite_with_new_id(clone, ids, kind="retrievers", id_field="retriever_id")


def pruned_retriever(
    document: Document, ids: IdMap, omissions: OmissionLog
) -> Document:
    """Return the retriever with its own ids, without what the clone leaves out."""
    clone = copy.copy(document)
    name = f"Retriever “{document.get('retriever_name', '')}”"
    clone.pop("marketplace_listing_id", None)
    if clone.get("is_published"):
        omissions.add(f"{name} is not published in the clone.")
        clone["is_published"] = False
    if _refers_to_absent(clone.get("collection_ids"), ids):
        omissions.add(f"{name} loses collections that are not copied.")
    stages = clone.get("stages")
    if isinstance(stages, list):
        clone["stages"] = [s for s in stages if _keep_stage(s, ids, name, omissions)]
    return clone


def _keep_stage(stage: Any, ids: IdMap, name: str, omissions: OmissionLog) -> bool:
    """Tell whether a stage works in the clone, and collect the sentence if it changes.

    A stage works with fewer collections to search; it needs every other reference.
    """
    if not _refers_to_absent(stage, ids):
        return True
    if not _refers_to_absent(_without_lists(stage), ids):
        omissions.add(f"{name} searches fewer collections; some are not copied.")
        return True
    label = stage.get("stage_name", "") if isinstance(stage, dict) else ""
    omissions.add(
        f"{name} loses its stage “{label}”, which needs a resource that is not copied."
    )
    return False


def _without_lists(value: Any) -> Any:
    """Return a stage without its lists of collections to search."""
    if isinstance(value, dict):
        return {
            key: _without_lists(entry)
            for key, entry in value.items()
            if key not in ("collection_identifiers", "collection_ids")
        }
    if isinstance(value, list):
        return [_without_lists(entry) for entry in value]
    return value


def taxonomy(document: Document, ids: IdMap, omissions: OmissionLog) -> Document:
    """Return the clone's taxonomy; not ready if it lost a retriever or a collection."""
    clone = pruned_taxonomy(document, ids, omissions)
    return _rewrite_with_new_id(clone, ids, kind="taxonomies", id_field="taxonomy_id")


def pruned_taxonomy(document: Document, ids: IdMap, omissions: OmissionLog) -> Document:
    """Return the taxonomy with its own ids, without what the clone leaves out."""
    clone = copy.deepcopy(document)
    name = f"Taxonomy “{document.get('taxonomy_name', '')}”"
    config = clone.get("config")
    if isinstance(config, dict):
        if config.get("cluster_ids"):
            omissions.add(f"{name} loses its clusters; those are never copied.")
            config["cluster_ids"] = []
        if _refers_to_absent(config.get("source_collection"), ids):
            del config["source_collection"]
            _mark_not_ready(clone, name, omissions)
        nodes = config.get("hierarchical_nodes")
        if isinstance(nodes, list):
            kept = [n for n in nodes if not _has_lost_collection(n, ids)]
            config["hierarchical_nodes"] = kept
            if len(kept) < len(nodes):
                _mark_not_ready(clone, name, omissions)
    if _refers_to_absent(clone, ids):
        _mark_not_ready(clone, name, omissions)
    return clone


def _has_lost_collection(node: Any, ids: IdMap) -> bool:
    return isinstance(node, dict) and _refers_to_absent(
        {k: node.get(k) for k in ("collection_id", "parent_collection_id")}, ids
    )


def _mark_not_ready(clone: Document, name: str, omissions: OmissionLog) -> None:
    clone["ready"] = False
    omissions.add(
        f"{name} is not ready in the clone: it needs a resource that is not copied."
    )


def payload(document: Document, ids: IdMap, omissions: OmissionLog) -> Document:
    """Return the clone's payload of a point, in the flat, nested or a mixed layout."""
    if ids.absent and rewrite_payload(document, ids.only_absent) != document:
        omissions.add(LOST_REFERENCES)
    return rewrite_payload(document, ids)


def _refers_to_absent(value: Any, ids: IdMap) -> bool:
    """Tell whether a value refers to a resource of the source that is not copied."""
    if not ids.absent or value is None:
        return False
    return next(find_references(value, ids.only_absent), None) is not None


def _without_absent(entries: Any, ids: IdMap) -> Any:
    """Return a list without elements that refer to absent ids; other values stay."""
    if not isinstance(entries, list):
        return entries
    return [entry for entry in entries if not _refers_to_absent(entry, ids)]


def _rewrite_document(document: Document, ids: IdMap) -> Document:
    changed, _ = rewrite_references(document, ids)
    rewritten: Document = changed
    return rewritten


def _rewrite_with_new_id(
    document: Document, ids: IdMap, *, kind: IdKind, id_field: str
) -> Document:
    """Rewrite a document and set its new id, as `_id` and under `id_field`."""
    old_id = str(document.get(id_field) or document["_id"])
    without_id = {key: entry for key, entry in document.items() if key != "_id"}
    rewritten = _rewrite_document(without_id, ids)
    rewritten[id_field] = ids.new[kind][old_id]
    return {"_id": rewritten[id_field], **rewritten}
