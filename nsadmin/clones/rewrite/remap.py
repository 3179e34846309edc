"""What a copied document looks like in the clone, kind by kind. Pure.

Everything that refers to something copied is renamed. What refers to something that is
not copied goes, with a sentence: a reference in a list is left out of the list; a
stage, an attachment or an edge that cannot work without it is left out as a whole; a
taxonomy that lost a part is kept, not ready. Clusters, alerts, triggers, publication
and marketplace listings are never copied.
"""

import copy
from collections.abc import Iterable
from typing import Any

from nsadmin.clones.rewrite.id_map import IdMap
from nsadmin.clones.rewrite.references import references, rewritten

Document = dict[str, Any]


class Dropped:
    """The sentences about what was left out, each once, in order, bounded."""

    def __init__(self, sentences: Iterable[str] = ()) -> None:
        self._sentences = dict.fromkeys(sentences)

    MOST = 200

    def add(self, sentence: str) -> None:
        """Keep a sentence; beyond the most that are kept, they are not told apart."""
        if len(self._sentences) < self.MOST:
            self._sentences.setdefault(sentence)
        else:
            self._sentences.setdefault("More of the same kind was left out.")

    @property
    def sentences(self) -> list[str]:
        """All of them."""
        return list(self._sentences)


def bucket(document: Document, ids: IdMap) -> Document:
    """A bucket: its own id and its namespace change, its files are shared."""
    return _renamed(document, ids, "buckets", "bucket_id")


def object_(document: Document, ids: IdMap, dropped: Dropped) -> Document:
    """An object keeps its id; edges into collections that are not copied go."""
    after = copy.copy(document)
    edges = after.get("edges")
    if isinstance(edges, list):
        kept = [e for e in edges if not _points_away(e, ids)]
        if len(kept) < len(edges):
            dropped.add("Edges of objects to collections that are not copied.")
        after["edges"] = kept
    after = _plain(after, ids)
    after["_id"] = f"{after['namespace_id']}:{after['object_id']}"
    return after


def collection(document: Document, ids: IdMap, dropped: Dropped) -> Document:
    """A collection: what hangs on it and is not copied goes."""
    after = copy.copy(document)
    name = f"Collection “{document.get('collection_name', '')}”"
    for key, thing in (
        ("cluster_applications", "cluster"),
        ("alert_applications", "alert"),
    ):
        if after.get(key):
            dropped.add(f"{name} loses its {thing}s; those are never copied.")
            after[key] = []
    if after.pop("trigger_id", None):
        dropped.add(f"{name} loses its trigger; triggers are never copied.")
    for key, thing in (
        ("taxonomy_applications", "taxonomies"),
        ("retriever_enrichments", "retrievers"),
    ):
        _filter(after, key, ids, dropped, f"{name} loses {thing} that are not copied.")
    return _renamed(after, ids, "collections", "collection_id")


def retriever(document: Document, ids: IdMap, dropped: Dropped) -> Document:
    """A retriever: unpublished, without the stages that cannot work in the clone."""
    after = copy.copy(document)
    name = f"Retriever “{document.get('retriever_name', '')}”"
    after.pop("marketplace_listing_id", None)
    if after.get("is_published"):
        dropped.add(f"{name} is not published in the clone.")
        after["is_published"] = False
    if _points_away(after.get("collection_ids"), ids):
        dropped.add(f"{name} loses collections that are not copied.")
    stages = after.get("stages")
    if isinstance(stages, list):
        after["stages"] = [s for s in stages if _works(s, ids, name, dropped)]
    return _renamed(after, ids, "retrievers", "retriever_id")


def _works(stage: Any, ids: IdMap, name: str, dropped: Dropped) -> bool:
    """A stage may search fewer collections; whatever else it names, it needs."""
    if not _points_away(stage, ids):
        return True
    if not _points_away(_without_lists(stage), ids):
        dropped.add(f"{name} searches fewer collections; some are not copied.")
        return True
    label = stage.get("stage_name", "") if isinstance(stage, dict) else ""
    dropped.add(f"{name} loses its stage “{label}”, which needs what is not copied.")
    return False


def _without_lists(value: Any) -> Any:
    """The stage without its lists of collections to search."""
    if isinstance(value, dict):
        return {
            key: _without_lists(entry)
            for key, entry in value.items()
            if key not in ("collection_identifiers", "collection_ids")
        }
    if isinstance(value, list):
        return [_without_lists(entry) for entry in value]
    return value


def taxonomy(document: Document, ids: IdMap, dropped: Dropped) -> Document:
    """A taxonomy: one that lost a retriever or a collection is kept, not ready."""
    after = copy.deepcopy(document)
    name = f"Taxonomy “{document.get('taxonomy_name', '')}”"
    config = after.get("config")
    if isinstance(config, dict):
        if config.get("cluster_ids"):
            dropped.add(f"{name} loses its clusters; those are never copied.")
            config["cluster_ids"] = []
        if _points_away(config.get("source_collection"), ids):
            del config["source_collection"]
            _unready(after, name, dropped)
        nodes = config.get("hierarchical_nodes")
        if isinstance(nodes, list):
            kept = [n for n in nodes if not _lost_collection(n, ids)]
            config["hierarchical_nodes"] = kept
            if len(kept) < len(nodes):
                _unready(after, name, dropped)
    if _points_away(after, ids):
        _unready(after, name, dropped)
    return _renamed(after, ids, "taxonomies", "taxonomy_id")


def _lost_collection(node: Any, ids: IdMap) -> bool:
    return isinstance(node, dict) and _points_away(
        {k: node.get(k) for k in ("collection_id", "parent_collection_id")}, ids
    )


def _unready(after: Document, name: str, dropped: Dropped) -> None:
    after["ready"] = False
    dropped.add(f"{name} is not ready in the clone: it needs what is not copied.")


def payload(document: Document, ids: IdMap, dropped: Dropped) -> Document:
    """A point's payload, in the flat layout, the nested one, or a mixture."""
    if ids.absent and _points_away(document, ids):
        dropped.add("Traces in documents of what is not copied, such as taxonomies.")
    return _plain(document, ids)


def is_own(document: Document, namespace_id: str) -> bool:
    """Tell whether a point belongs to the namespace; one that does not say so does.

    Collections are one to one with namespaces; should one be shared nevertheless, the
    points of others stay out of a clone.
    """
    inner = document.get("_internal")
    nested = inner.get("namespace_id") if isinstance(inner, dict) else None
    return all(
        said in (None, namespace_id) for said in (document.get("namespace_id"), nested)
    )


def _points_away(value: Any, ids: IdMap) -> bool:
    """Tell whether something refers to what exists in the source and is not copied."""
    if not ids.absent or value is None:
        return False
    away = ids.only_absent
    return next(references(value, away), None) is not None


def _filter(
    after: Document, key: str, ids: IdMap, dropped: Dropped, sentence: str
) -> None:
    entries = after.get(key)
    if not isinstance(entries, list):
        return
    kept = [entry for entry in entries if not _points_away(entry, ids)]
    if len(kept) < len(entries):
        dropped.add(sentence)
    after[key] = kept


def _plain(document: Document, ids: IdMap) -> Document:
    changed, _ = rewritten(document, ids)
    after: Document = changed
    return after


def _renamed(document: Document, ids: IdMap, kind: Any, id_field: str) -> Document:
    """Rewrite a document and give it its new id under both of its keys."""
    old = str(document.get(id_field) or document["_id"])
    bare = {key: entry for key, entry in document.items() if key != "_id"}
    after = _plain(bare, ids)
    after[id_field] = ids.new[kind][old]
    return {"_id": after[id_field], **after}
