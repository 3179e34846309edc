"""The rules of a collection's strict mode, and the refusals in Qdrant's words."""

from typing import Any

from nsadmin.embedded.qdrant.collection import Collection
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.convert.search import DEFAULT_LIMIT
from nsadmin.embedded.qdrant.convert.writes import Write
from nsadmin.embedded.qdrant.errors import ApiError, bad_request
from nsadmin.embedded.qdrant.sizes import (
    memory_percent,
    payload_bytes,
    storage_percent,
    vector_bytes,
)
from nsadmin.embedded.qdrant.strict.conditions import Conditions, conditions_of

MIB = 1024 * 1024


def rules_of(collection: Collection) -> Json:
    """The rules in force; empty when strict mode is off."""
    stated: Json = collection.config.get("strict_mode_config") or {}
    return stated if stated.get("enabled") else {}


def refused(why: str, remedy: str) -> ApiError:
    """A refusal by a rule, with what to do instead."""
    return bad_request(f"{why}. Help: {remedy}")


def check_timeout(collection: Collection, query: dict[str, str]) -> None:
    """Refuse a call that asks for a longer time than allowed."""
    text = query.get("timeout", "")
    if text.isascii() and text.isdigit():
        _check_limit(rules_of(collection), "max_timeout", int(text[:20]), "timeout")


def check_read(
    collection: Collection, body: Json, *, limited: bool = True, counts: bool = False
) -> None:
    """Refuse a read that the rules forbid.

    `limited` reads have a page size, ten where none is stated. `counts` and facets
    carry `exact` themselves, searches under `params`.
    """
    rules = rules_of(collection)
    if not rules:
        return
    _check_prefetches(collection, body)
    if limited:
        limit = body.get("limit")
        stated = DEFAULT_LIMIT if limit is None else limit
        _check_limit(rules, "max_query_limit", stated, "limit")
    _check_filter(collection, rules, body.get("filter"), "retrieve")
    if counts:
        _check_exact(rules, exact=body.get("exact"))
    _check_search_params(rules, body.get("params"))


def _check_prefetches(collection: Collection, body: Json) -> None:
    nested = body.get("prefetch") or []
    for prefetch in nested if isinstance(nested, list) else [nested]:
        if isinstance(prefetch, dict):
            check_read(collection, prefetch)


def check_searches(collection: Collection, searches: list[Json]) -> None:
    """Refuse a batch of searches that is too long or holds a forbidden one."""
    rules = rules_of(collection)
    _check_limit(rules, "search_max_batchsize", len(searches), "search batch size")
    for search in searches:
        check_read(collection, search)


def check_write(collection: Collection, write: Write) -> None:
    """Refuse a write that the rules forbid."""
    rules = rules_of(collection)
    if not rules:
        return
    if write.adds:
        _check_resources(collection, rules)
    if write.batch_word:
        size = write.points or 0
        _check_limit(rules, "upsert_max_batchsize", size, write.batch_word)
        _check_sizes(collection, rules)
        _check_vector_lengths(rules, write)
    elif write.adds:
        _check_payload_size(collection, rules)
    _check_filter(collection, rules, write.filter, "update")


def check_new_index(collection: Collection) -> None:
    """Refuse a payload index above the allowed number."""
    limit = rules_of(collection).get("max_payload_index_count")
    if limit is not None and len(collection.schema) >= limit:
        raise refused(
            f"Collection already has the maximum number of payload indices ({limit})",
            "Please delete an existing index before creating a new one.",
        )


# -- searches


def _check_limit(rules: Json, rule: str, value: Any, what: str) -> None:
    limit = rules.get(rule)
    if limit is None or not isinstance(value, (int, float)) or value <= limit:
        return
    raise refused(
        f'Limit exceeded {value} > {limit} for "{what}"',
        f'Reduce the "{what}" parameter to or below {limit}.',
    )


def _check_exact(rules: Json, *, exact: Any) -> None:
    # A count is exact unless it says otherwise; that of a facet and a search is not.
    if exact and rules.get("search_allow_exact") is False:
        raise refused("Exact search disabled!", "Set exact=false.")


def check_count(collection: Collection, body: Json) -> None:
    """Refuse a count that the rules forbid; it is exact unless it says otherwise."""
    exact = body.get("exact") is not False
    check_read(collection, {**body, "exact": exact}, limited=False, counts=True)


def _check_search_params(rules: Json, params: Any) -> None:
    if not isinstance(params, dict):
        return
    quantization = params.get("quantization")
    if isinstance(quantization, dict):
        sampling = quantization.get("oversampling")
        _check_limit(rules, "search_max_oversampling", sampling, "oversampling")
    _check_limit(rules, "search_max_hnsw_ef", params.get("hnsw_ef"), "hnsw_ef")
    _check_exact(rules, exact=params.get("exact"))


# -- filters


def _check_filter(collection: Collection, rules: Json, body: Any, effect: str) -> None:
    if not isinstance(body, dict):
        return
    conditions = conditions_of(body)
    _check_filter_limits(rules, conditions)
    if rules.get(f"unindexed_filtering_{effect}") is not False:
        return
    missing = conditions.unserved(collection.schema)
    if missing:
        key, words = missing
        raise refused(
            f'Index required but not found for "{key}" of one of the following'
            f" types: [{', '.join(words)}]",
            "Create an index for this key or use a different filter.",
        )


def _check_filter_limits(rules: Json, conditions: Conditions) -> None:
    most = rules.get("filter_max_conditions")
    if most is not None and conditions.count > most:
        raise refused(
            f"Filter condition limit reached ({conditions.count} > {most})",
            "Reduce the amount of conditions of your filter.",
        )
    most = rules.get("condition_max_size")
    if most is not None and conditions.largest > most:
        raise refused(
            f"Condition size limit reached ({conditions.largest} > {most})",
            "Reduce the size of your condition.",
        )


# -- sizes


def _check_sizes(collection: Collection, rules: Json) -> None:
    limit = rules.get("max_collection_vector_size_bytes")
    if limit is not None and vector_bytes(collection) >= limit:
        text = f"Max vector storage size limit of {_mib(limit)}MB reached!"
        raise bad_request(text)
    _check_payload_size(collection, rules)
    limit = rules.get("max_points_count")
    if limit is not None and collection.figures()["points_count"] >= limit:
        raise bad_request(f"Max points count limit of {limit} reached!")


def _check_payload_size(collection: Collection, rules: Json) -> None:
    limit = rules.get("max_collection_payload_size_bytes")
    if limit is not None and payload_bytes(collection) >= limit:
        text = f"Max payload storage size limit of {_mib(limit)}MB reached!"
        raise bad_request(text)


def _mib(size: int) -> str:
    return f"{size / MIB:.9g}"


def _check_vector_lengths(rules: Json, write: Write) -> None:
    for name, most in _limits(rules, "multivector_config", "max_vectors"):
        longest = write.longest.get(name, 0)
        if longest > most:
            text = f"Multivector '{name}' has a limit of {most} vectors"
            raise bad_request(f"{text}, but {longest} were provided!")
    for name, most in _limits(rules, "sparse_config", "max_length"):
        longest = write.longest.get(name, 0)
        if longest > most:
            text = f"Sparse vector '{name}' has a limit of {most} indices"
            raise bad_request(f"{text}, but {longest} were provided!")


def _limits(rules: Json, rule: str, key: str) -> list[tuple[str, int]]:
    stated = rules.get(rule) or {}
    return [(n, item[key]) for n, item in stated.items() if item.get(key) is not None]


def _check_resources(collection: Collection, rules: Json) -> None:
    limit = rules.get("max_resident_memory_percent")
    used = memory_percent() if limit is not None else 0
    if limit is not None and used >= limit:
        raise refused(
            f"Resident memory usage is at {used}% of total memory, exceeding the"
            f" configured limit of {limit}%",
            "Reduce memory usage (e.g. delete points or drop collections), or raise"
            " `max_resident_memory_percent` in the strict mode config of this"
            " collection.",
        )
    limit = rules.get("max_disk_usage_percent")
    used = storage_percent(collection) if limit is not None else 0
    if limit is not None and used >= limit:
        raise refused(
            f"Disk usage is at {used}% of total capacity, exceeding the configured"
            f" limit of {limit}%",
            "Free disk space (e.g. delete points or drop collections), or raise"
            " `max_disk_usage_percent` in the strict mode config of this collection.",
        )
