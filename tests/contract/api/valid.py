"""What makes a request valid but for the one value that a test is about."""

import copy
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

Json = dict[str, Any]

_TEXT = {"feature_extractor_name": "text_extractor", "version": "v1"}
_FIXED = {
    "field_name": "internal_id",
    "type": "keyword",
    "field_schema": {"type": "keyword", "is_tenant": True},
    "is_protected": True,
}
_DEDICATED = {
    "infrastructure": {
        "compute_tier": "dedicated_cpu",
        "qdrant_url": "http://cluster.example:6333",
        "qdrant_api_key": "k",
        "ray_head_node_url": "ray://head.example:10001",
    }
}
_ON_GPUS = {
    "infrastructure": {
        **_DEDICATED["infrastructure"],
        "gpu_type": "A100",
        "gpus_per_worker": 1,
    }
}
_SORTED: tuple[str, ...] = ("namespace_name", "created_at", "updated_at", "expires_at")
_SORTED += ("document_count", "payload_index_count", "namespace_name")
_CONDITION = {"field": "title", "value": "x"}
_ENTRIES: dict[str, Any] = {
    **{f"filters.{group}": _CONDITION for group in ("AND", "OR", "NOT")},
    "payload_indexes": _FIXED,
    "feature_extractors": _TEXT,
    "vector_configs": {"name": "v", "dimension": 1},
    "fields": {"field_name": "title"},
    "payload_indexes[].field_schema.stopwords.languages": "english",
}


def _index(**entry: Any) -> Json:
    return {"payload_indexes": [{"field_name": "x", **entry}]}


def _parameters(kind: str, **schema: Any) -> Json:
    return _index(field_schema={"type": kind, **schema})


def _conditions() -> Iterator[tuple[str, Json]]:
    """Yield what stands beside a condition of documents, and beside each operator."""
    box = {"north": 1.0, "west": 1.0, "south": 0.0, "east": 2.0}
    values: dict[str, Any] = {
        **dict.fromkeys(("eq", "ne", "text", "text_any", "phrase"), "x"),
        **dict.fromkeys(("gt", "gte", "lt", "lte"), 1),
        **{word: ["x"] for word in ("in", "nin")},
        **dict.fromkeys(("exists", "is_null", "has_vector"), True),
        "geo_radius": {"lat": 1.0, "lon": 1.0, "radius": 10.0},
        "geo_box": box,
    }
    for group in ("AND", "OR", "NOT"):
        at = f"filters.{group}[]"
        yield at, {"filters": {group: [_CONDITION]}}
        for word, value in values.items():
            condition = {"field": "title", "value": value}
            yield f"{at}.operator is {word}", {"filters": {group: [condition]}}


def _kinds() -> Iterator[tuple[str, Json]]:
    """Yield what each kind of a change of several namespaces needs beside it."""
    index: Json = {"index": {"field_name": "x", "type": "keyword"}}
    fields: dict[str, Json] = {
        "index": index,
        "template": {"template_id": "tmpl_000000000000"},
        "expiry": {"expiry": {"ttl_seconds": 3600}},
    }
    for kind, own in fields.items():
        yield f"kind is {kind}", own
        yield next(iter(own)), {**own, "kind": kind}
        yield f"{next(iter(own))} is null", {"kind": "auto_on"}


# By the property, or the property and the case; of several the longest counts.
BESIDE: dict[str, Json] = {
    **dict(_conditions()),
    "sort": {"sort": {"field": "created_at"}},
    "sorts[]": {"sorts": [{"field": "created_at"}]},
    "fields[]": {"fields": [{"field_name": "title"}]},
    "vector_configs[]": {"vector_configs": [{"name": "v", "dimension": 1}]},
    "feature_extractors[]": {"feature_extractors": [_TEXT]},
    "filters.namespace_name.$options": {"filters": {"namespace_name": {"$regex": "x"}}},
    "payload_indexes[]": _index(type="keyword"),
    "payload_indexes[].type is null": _parameters("keyword"),
    "payload_indexes[].field_schema": _parameters("keyword"),
    "payload_indexes[].field_schema is null": _index(type="keyword"),
    "payload_indexes[].field_schema.type is null": _index(type="keyword"),
    "payload_indexes[].field_schema.lookup": _parameters("integer"),
    "payload_indexes[].field_schema.range": _parameters("integer"),
    "payload_indexes[].field_schema.tokenizer": _parameters("text"),
    "payload_indexes[].field_schema.lowercase": _parameters("text"),
    "payload_indexes[].field_schema.min_token_len": _parameters(
        "text", max_token_len=1000
    ),
    "payload_indexes[].field_schema.max_token_len": _parameters(
        "text", min_token_len=0
    ),
    "payload_indexes[].field_schema.is_principal": _parameters("integer"),
    "payload_indexes[].field_schema.phrase_matching": _parameters("text"),
    "payload_indexes[].field_schema.ascii_folding": _parameters("text"),
    "payload_indexes[].field_schema.stopwords": _parameters("text"),
    "payload_indexes[].field_schema.stemmer": _parameters("text"),
    "payload_indexes[].field_schema.stemmer.type is snowball": _parameters(
        "text", stemmer={"language": "english"}
    ),
    "payload_indexes[].field_schema.stemmer.language": _parameters(
        "text", stemmer={"type": "snowball"}
    ),
    "infrastructure.min_workers": {"infrastructure": {"max_workers": 100}},
    "infrastructure.compute_tier is dedicated_cpu": _DEDICATED,
    "infrastructure.compute_tier is dedicated_gpu": _ON_GPUS,
    "infrastructure.gpus_per_worker": _DEDICATED,
    "infrastructure.max_custom_plugins": _DEDICATED,
    "infrastructure.max_custom_models": _DEDICATED,
    "infrastructure.qdrant_collection": _DEDICATED,
    "infrastructure.qdrant_url": _DEDICATED,
    "infrastructure.qdrant_api_key": _DEDICATED,
    "infrastructure.qdrant_url is null": {},
    "infrastructure.qdrant_api_key is null": {},
    "expires_at": {"ttl_seconds": None},
    **dict(_kinds()),
}
_CONFIRMED = "/namespaces/{identifier}/plans/{plan_id}/confirm"
# Who has to ask for it; everything else is asked for by an admin.
ASKED_BY = {
    "scope is system": "platform_admin",
    "source_organization_id minLength": "platform_admin",
    "source_organization_id maxLength": "platform_admin",
}
# What is within its limits, but names nothing that there is, or is not enough alone.
ANSWERED_WITH = {
    "?namespace maxLength": 404,
    "?cursor maxLength": 422,
    "POST /bulk/namespaces template_id maxLength": 404,
    **{
        f"POST /bulk/namespaces/{{bulk_id}}/confirm namespace_ids[] {limit}": 422
        for limit in ("minLength", "maxLength")
    },
    **{
        f"POST {confirmed} ?plan_digest {limit}": 409
        for confirmed in (_CONFIRMED, "/plans/{plan_id}/confirm")
        for limit in ("minLength", "maxLength")
    },
    "POST /namespaces/{identifier}/documents/list sort.field minLength": 422,
    "POST /namespaces/{identifier}/documents/list sort.field maxLength": 422,
    "POST /namespaces/{identifier}/config config minLength": 422,
    "POST /namespaces/{identifier}/config config maxLength": 422,
    "source_organization_id minLength": 404,
    "source_organization_id maxLength": 404,
    "feature_extractors[].feature_extractor_name minLength": 422,
    "feature_extractors[].feature_extractor_name maxLength": 422,
    "feature_extractors[].version minLength": 422,
    "feature_extractors[].version maxLength": 422,
    "vector_configs[].name minLength": 422,
    "vector_configs[].name maxLength": 422,
    "vector_configs[].dimension minimum": 422,
    "vector_configs[].dimension maximum": 422,
    "vector_configs[].metric is cosine": 422,
    "vector_configs[].metric is euclidean": 422,
    "vector_configs[].metric is dot_product": 422,
    "POST /namespaces/{identifier}/extend ttl_seconds is null": 422,
    "POST /namespaces/{identifier}/reprocess collection_ids[] minLength": 422,
    "POST /namespaces/{identifier}/reprocess collection_ids[] maxLength": 422,
    "POST /reprocess/claim request_id minLength": 404,
    "POST /reprocess/claim request_id maxLength": 404,
    **{
        f"POST /reprocess/{{request_id}}/{end} claim_token {limit}": 409
        for end in ("progress", "done", "failed")
        for limit in ("minLength", "maxLength")
    },
}
_UNREGISTERED = "This extractor is not registered here."
# Known to the contract, yet refused where it is said, and why.
NOT_OFFERED = {
    "POST /namespaces mode is standalone": (
        "Namespaces with custom vectors are not supported."
    ),
    "POST /namespaces namespace_type is marketplace": (
        "Marketplace namespaces are not supported."
    ),
    "PATCH /namespaces/{identifier} infrastructure.qdrant_collection minLength": (
        "The collection of a namespace cannot be changed."
    ),
    "PATCH /namespaces/{identifier} infrastructure.qdrant_collection maxLength": (
        "The collection of a namespace cannot be changed."
    ),
    **{
        f"POST /bulk/namespaces/{{bulk_id}}/confirm namespace_ids {limit}": (
            "Choose at least one namespace."
        )
        for limit in ("minItems", "maxItems")
    },
    **{
        f"POST /namespaces/{{identifier}}/reprocess {field} {limit}": sentence
        for field, limit, sentence in (
            ("feature_extractor_id", "minLength", _UNREGISTERED),
            ("feature_extractor_id", "maxLength", _UNREGISTERED),
            ("collection_ids", "minItems", "There is no collection x here."),
            ("collection_ids", "maxItems", "There is no collection x here."),
        )
    },
}
_AS_STORED = "It is accepted only as it is stored."
# The texts, numbers and lists without a limit of their own, and why they have none.
UNLIMITED = {
    "feature_extractors[].feature_extractor_id": "Only the extractor's own is accepted.",
    "features[]": "The list has to be empty.",
    "expires_at": "A time; how far away it may be moves with the clock.",
    "infrastructure.ray_cluster_id": _AS_STORED,
    "infrastructure.ray_dashboard_url": _AS_STORED,
    "infrastructure.s3_vector_bucket": _AS_STORED,
    "infrastructure.s3_plugin_bucket": _AS_STORED,
    "infrastructure.s3_plugin_prefix": _AS_STORED,
}


def text(name: str, size: int) -> str:
    """Return a text of so many characters that means something at its place."""
    match name:
        case "namespace_id":
            return f"ns_{'x' * (size - 3)}"
        case "infrastructure.qdrant_url":
            labels = "x." * (size // 2)
            return f"http://{labels[: size - 13]}x:6333"
        case "infrastructure.ray_head_node_url":
            return f"ray://{'x' * (size - 12)}:10001"
        case "?period":
            return "1h".rjust(size, "0")[-size:]
    return "x" * size


def entries(name: str, size: int) -> list[Any]:
    """Return a list of so many entries that may stand beside each other."""
    if name == "sorts":
        return [{"field": field} for field in _SORTED[:size]]
    return [copy.deepcopy(_ENTRIES.get(name, "x")) for _ in range(size)]


def beside(body: Json, name: str, what: str) -> Json:
    """Return the body with what the property needs beside it."""
    full = f"{name} {what}"
    keys = [k for k in BESIDE if full == k or f"{name}.".startswith(f"{k}.")]
    keys += [k for k in BESIDE if k.endswith("[]") and name.startswith(k)]
    keys += [k for k in BESIDE if " " not in k and name.startswith(f"{k}[")]
    wanted = BESIDE[max(keys, key=len)] if keys else {}
    return copy.deepcopy({**body, **wanted})


def put(body: Json, path: tuple[str | int, ...], value: Any) -> None:
    """Set the value at its path; what leads there is made."""
    at: Any = body
    for key, following in pairwise(path):
        made: Any = [] if isinstance(following, int) else {}
        if isinstance(at, list):
            if not at:
                at.append(made)
        elif not isinstance(at.get(key), type(made)):
            at[key] = made
        at = at[key]
    if isinstance(at, list):
        at[:] = [value]
    else:
        at[path[-1]] = value
