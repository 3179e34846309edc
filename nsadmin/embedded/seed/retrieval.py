"""Retrievers and taxonomies as stored in the namespace store.

A taxonomy's retriever reads the collection that the taxonomy is applied to: the cycle
that a clone has to survive. Ids also stand inside stage parameters, beside names and
templates that a clone leaves alone.
"""

from typing import Final

from nsadmin.embedded.seed.data.ids import stable_id
from nsadmin.embedded.seed.layout import Layout, documents
from nsadmin.embedded.seed.payloads import feature_uri
from nsadmin.embedded.seed.sources import Stored, base_fields
from nsadmin.embedded.seed.specs import NamespaceSpec

_QUERY: Final = {"input_mode": "text", "value": "{{INPUT.query}}"}


def retrievers(spec: NamespaceSpec, layout: Layout) -> list[Stored]:
    """A search for people; where there are highlights, one for the taxonomies too."""
    found = [_search(spec, layout)]
    if spec.highlight_every:
        found.append(_classify(spec, layout))
    return found


def taxonomies(spec: NamespaceSpec, layout: Layout) -> list[Stored]:
    """A flat and a hierarchical one, where there are highlights to apply them to."""
    return [_flat(layout), _tree(layout)] if spec.highlight_every else []


def _retriever(
    spec: NamespaceSpec, layout: Layout, own_id: str, name: str, read: list[str]
) -> Stored:
    return {
        **base_fields(layout, "retriever", own_id),
        "retriever_name": name,
        "collection_ids": read,
        "input_schema": {"properties": {"query": {"type": "text", "required": True}}},
        "budget_limits": {"max_time_ms": 5000},
        "tags": ["demo"],
        "metadata": {},
        "display_config": {"title": name, "columns": ["title", "text"]},
        "feature_dependencies": [feature_uri(spec.extractors[0])],
        "version": 1,
        "is_published": False,
    }


def _stage(name: str, kind: str, stage_id: str, parameters: Stored) -> Stored:
    return {
        "stage_name": name,
        "stage_type": kind,
        "config": {"stage_id": stage_id, "parameters": parameters},
    }


def _search(spec: NamespaceSpec, layout: Layout) -> Stored:
    read = [layout.base_id]
    stages = [_find(spec, layout)]
    if spec.highlight_every:
        read.append(layout.highlights_id)
        stages += _enrichment(layout)
    return {
        **_retriever(spec, layout, layout.search_id, f"{layout.slug}-search", read),
        "description": "Finds records by their words.",
        "stages": stages,
    }


def _find(spec: NamespaceSpec, layout: Layout) -> Stored:
    """Collections by id and by name, a literal id in a filter, a template beside it."""
    return _stage(
        "find",
        "filter",
        "feature_search",
        {
            "collection_identifiers": [layout.base_id, f"{layout.slug}-records"],
            "searches": [
                {
                    "feature_uri": feature_uri(spec.extractors[0]),
                    "query": dict(_QUERY),
                    "top_k": 50,
                    "collection_identifiers": [layout.base_id],
                }
            ],
            "pre_filters": {
                "OR": [
                    _is("bucket_id", layout.bucket_id),
                    _is("collection_id", "{{INPUT.collection_id}}"),
                ]
            },
            "post_filters": {"AND": [_is("namespace_id", layout.namespace_id)]},
            "final_top_k": 20,
        },
    )


def _is(field: str, value: str) -> Stored:
    return {"field": field, "operator": "eq", "value": value}


def _enrichment(layout: Layout) -> list[Stored]:
    """Every other stage whose parameters hold ids."""
    return [
        _stage(
            "classify",
            "enrich",
            "taxonomy_enrich",
            {"taxonomy_id": layout.flat_id, "top_k": 1},
        ),
        _stage(
            "explain",
            "enrich",
            "agentic_enrich",
            {"taxonomy_id": layout.tree_id, "prompt": "Place {{DOC.title}}."},
        ),
        _stage(
            "join",
            "enrich",
            "document_enrich",
            {
                "target_collection_id": layout.highlights_id,
                "retriever_id": "{{INPUT.retriever_id}}",
                "source_field": "document_id",
                "target_field": "parent_document_id",
            },
        ),
        _stage(
            "compare",
            "sort",
            "cross_compare",
            {"reference_collection_id": layout.base_id, "threshold": 0.8},
        ),
    ]


def _classify(spec: NamespaceSpec, layout: Layout) -> Stored:
    """Starts from a known document and joins through the other retriever."""
    known = documents(spec)[0].record.key
    find = _stage(
        "like",
        "filter",
        "feature_search",
        {
            "collection_identifiers": [f"{layout.slug}-highlights"],
            "searches": [
                {
                    "feature_uri": feature_uri(spec.extractors[0]),
                    "query": {
                        "input_mode": "document",
                        "document_reference": {
                            "collection_id": layout.base_id,
                            "document_id": layout.document_id(known),
                        },
                    },
                    "top_k": 10,
                    "collection_identifiers": [layout.highlights_id],
                }
            ],
        },
    )
    join = _stage(
        "more",
        "enrich",
        "document_enrich",
        {
            "target_collection_id": layout.base_id,
            "retriever_id": layout.search_id,
        },
    )
    name = f"{layout.slug}-classify"
    return {
        **_retriever(spec, layout, layout.classify_id, name, [layout.highlights_id]),
        "description": "Finds what a record is like; the taxonomies ask it.",
        "stages": [find, join],
    }


def _taxonomy(layout: Layout, own_id: str, name: str, config: Stored) -> Stored:
    return {
        **base_fields(layout, "taxonomy", own_id),
        "taxonomy_name": name,
        "version": 1,
        "ready": True,
        "metadata": {},
        "retriever_id": layout.classify_id,
        "config": {**config, "retriever_id": layout.classify_id},
    }


def _flat(layout: Layout) -> Stored:
    config = {
        "taxonomy_type": "flat",
        "input_mappings": [{"input_key": "query", "path": "title"}],
        "source_collection": {
            "collection_id": layout.highlights_id,
            "enrichment_fields": [{"field_path": "metadata.title"}],
        },
    }
    name = f"{layout.slug}-topics"
    return {
        **_taxonomy(layout, layout.flat_id, name, config),
        "description": "Which highlight a record is most like.",
    }


def _tree(layout: Layout) -> Stored:
    config = {
        "taxonomy_type": "hierarchical",
        "hierarchical_nodes": [
            {"collection_id": layout.base_id, "retriever_id": layout.classify_id},
            {
                "collection_id": layout.highlights_id,
                "parent_collection_id": layout.base_id,
                "retriever_id": layout.classify_id,
            },
        ],
        "inference_collections": [layout.base_id, layout.highlights_id],
        "cluster_ids": [stable_id("clus", layout.slug)],
    }
    name = f"{layout.slug}-tree"
    return {
        **_taxonomy(layout, layout.tree_id, name, config),
        "description": "Records above, highlights below.",
    }
