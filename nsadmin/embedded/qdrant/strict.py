"""Strict mode: limits and rules set by the owner of a collection."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from nsadmin.embedded.qdrant.collection import Collection
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.convert.filter import CLAUSES, is_datetime_range
from nsadmin.embedded.qdrant.convert.indexes import TYPES, data_type
from nsadmin.embedded.qdrant.convert.writes import Write
from nsadmin.embedded.qdrant.errors import bad_request, too_many

_ANY_TYPE = tuple(TYPES)
_RANGE_FIELDS = ("geo_radius", "geo_bounding_box", "geo_polygon")


def rules_of(collection: Collection) -> Json:
    """The rules in force; empty when strict mode is off."""
    stated: Json = collection.config.get("strict_mode_config") or {}
    return stated if stated.get("enabled") else {}


def check_read(collection: Collection, body: Json) -> None:
    """Refuse a read that the rules forbid."""
    rules = rules_of(collection)
    if not rules:
        return
    _check_limit(rules, "max_query_limit", body.get("limit"), "limit")
    _check_search_params(rules, body.get("params") or {})
    _check_filter(collection, rules, body.get("filter"), "retrieve")
    nested = body.get("prefetch") or []
    for prefetch in nested if isinstance(nested, list) else [nested]:
        if isinstance(prefetch, dict):
            check_read(collection, prefetch)


def check_searches(collection: Collection, searches: list[Json]) -> None:
    """Refuse a batch of searches that is too long or holds a forbidden one."""
    limit = rules_of(collection).get("search_max_batchsize")
    if limit is not None and len(searches) > limit:
        raise _exceeded(len(searches), limit, "search batch size")
    for search in searches:
        check_read(collection, search)


def check_write(collection: Collection, write: Write) -> None:
    """Refuse a write that the rules forbid."""
    rules = rules_of(collection)
    if not rules:
        return
    if write.is_upsert:
        _check_limit(rules, "upsert_max_batchsize", write.points, "upsert limit")
        limit = rules.get("max_points_count")
        points = collection.figures()["points_count"] if limit is not None else 0
        if limit is not None and points >= limit:
            raise bad_request(f"Max points count limit of {limit} reached")
    _check_filter(collection, rules, write.filter, "update")


def check_new_index(collection: Collection, field: str) -> None:
    """Refuse a payload index above the allowed number."""
    limit = rules_of(collection).get("max_payload_index_count")
    if limit is None or field in collection.schema:
        return
    if len(collection.schema) >= limit:
        text = f"Collection already has the maximum number of payload indices ({limit})"
        raise bad_request(text)


def _check_limit(rules: Json, rule: str, value: Any, what: str) -> None:
    limit = rules.get(rule)
    if limit is not None and isinstance(value, int) and value > limit:
        raise _exceeded(value, limit, what)


def _exceeded(value: float, limit: float, what: str) -> Exception:
    text = f"Limit exceeded {value} > {limit} for {what!r}"
    return bad_request(
        f"{text}. Help: Reduce the {what!r} parameter to or below {limit}."
    )


def _check_search_params(rules: Json, params: Json) -> None:
    _check_limit(rules, "search_max_hnsw_ef", params.get("hnsw_ef"), "hnsw_ef")
    if params.get("exact") and rules.get("search_allow_exact") is False:
        raise bad_request("Exact search disabled! Help: Set exact=false.")
    sampling = (params.get("quantization") or {}).get("oversampling")
    limit = rules.get("search_max_oversampling")
    if limit is not None and sampling is not None and sampling > limit:
        raise _exceeded(sampling, limit, "oversampling")


def _check_filter(collection: Collection, rules: Json, body: Any, effect: str) -> None:
    if not isinstance(body, dict):
        return
    wanted = list(_field_needs(body))
    _check_limit(rules, "filter_max_conditions", len(wanted), "filter limit")
    if rules.get(f"unindexed_filtering_{effect}") is not False:
        return
    for key, types in wanted:
        have = collection.schema.get(key)
        if have is None or data_type(have) not in types:
            listed = ", ".join(types)
            raise bad_request(
                f'Index required but not found for "{key}" of one of the following'
                f" types: [{listed}]. Help: Create an index for this key or use a"
                " different filter."
            )


def _field_needs(body: Json, prefix: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every field condition of a filter: its key and the index types that serve it."""
    for clause in CLAUSES:
        stated = body.get(clause)
        if clause == "min_should" and isinstance(stated, dict):
            stated = stated.get("conditions")
        for item in stated if isinstance(stated, list) else [stated]:
            if isinstance(item, dict):
                yield from _condition_needs(item, prefix)


def _condition_needs(item: Json, prefix: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    if "nested" in item:
        nested = item["nested"]
        yield from _field_needs(nested["filter"], f"{prefix}{nested['key']}[].")
    elif "key" in item:
        yield prefix + item["key"], _serving_types(item)
    elif any(clause in item for clause in CLAUSES):
        yield from _field_needs(item, prefix)
    else:
        for name in ("is_empty", "is_null"):
            if isinstance(item.get(name), dict):
                yield prefix + item[name]["key"], _ANY_TYPE


def _serving_types(item: Json) -> tuple[str, ...]:
    if match := item.get("match"):
        return _matching_types(match)
    if bounds := item.get("range"):
        return ("datetime",) if is_datetime_range(bounds) else ("integer", "float")
    if any(item.get(name) for name in _RANGE_FIELDS):
        return ("geo",)
    return _ANY_TYPE


def _matching_types(match: Json) -> tuple[str, ...]:
    if any(kind in match for kind in ("text", "text_any", "phrase")):
        return ("text",)
    value = next((match[k] for k in ("value", "any", "except") if k in match), None)
    values = value if isinstance(value, list) else [value]
    if any(isinstance(item, bool) for item in values):
        return ("bool",)
    if any(isinstance(item, int) for item in values):
        return ("integer",)
    if all(_is_uuid(item) for item in values):
        return ("keyword", "uuid")
    return ("keyword",)


def _is_uuid(value: Any) -> bool:
    try:
        UUID(value)
    except (ValueError, AttributeError, TypeError):
        return False
    return True


class RateLimiter:
    """Calls per minute and collection, as a bucket that refills evenly."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def spend(self, collection: Collection, kind: str, cost: int = 1) -> None:
        """Take from the bucket of `read` or `write`, or refuse with 429."""
        per_minute = rules_of(collection).get(f"{kind}_rate_limit")
        if per_minute is None:
            return
        now, key = time.monotonic(), (collection.name, kind)
        tokens, since = self._buckets.get(key, (float(per_minute), now))
        tokens = min(per_minute, tokens + (now - since) * per_minute / 60)
        if tokens < cost:
            self._buckets[key] = (tokens, now)
            word = kind.capitalize()
            wait = max(1, round((cost - tokens) * 60 / per_minute))
            raise too_many(f"{word} rate limit exceeded, retry later", wait)
        self._buckets[key] = (tokens - cost, now)
