"""Reads without a score (pages, counts, facets) and the options of all reads."""

from typing import Any

import qdrant_edge as edge

from nsadmin.embedded.qdrant.convert.fields import (
    Json,
    choice,
    each,
    optional,
    required,
    typed,
    within,
)
from nsadmin.embedded.qdrant.convert.filter import engine_filter
from nsadmin.embedded.qdrant.convert.ids import point_id
from nsadmin.embedded.qdrant.errors import malformed, wrong_input

DEFAULT_LIMIT = 10
DIRECTIONS = {"asc": edge.Direction.Asc, "desc": edge.Direction.Desc}


def with_payload(value: Any, *, default: bool) -> Any:
    """The payload fields to include in an answer."""
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return [typed(key, str, "with_payload") for key in value]
    body = typed(value, dict, "with_payload")
    if "include" in body:
        return edge.PayloadSelector.Include(required(body, "include", list))
    if "exclude" in body:
        return edge.PayloadSelector.Exclude(required(body, "exclude", list))
    raise malformed("data did not match any variant of untagged enum WithPayload")


def with_vector(value: Any) -> Any:
    """The vectors to include in an answer."""
    if value is None or isinstance(value, bool):
        return bool(value)
    return each(value, lambda name: typed(name, str, "with_vector"), "with_vector")


def limit_of(body: Json) -> int:
    """The page size; Qdrant refuses zero."""
    limit = optional(body, "limit", int)
    within(limit, 1, None, "limit")
    return DEFAULT_LIMIT if limit is None else limit


def order_by(value: Any) -> Any:
    """The payload field to sort by."""
    if value is None:
        return None
    if isinstance(value, str):
        return edge.OrderBy(value)
    body = typed(value, dict, "order_by")
    direction = body.get("direction")
    return edge.OrderBy(
        required(body, "key", str),
        direction=direction and choice(direction, DIRECTIONS, "direction"),
        start_from=body.get("start_from"),
    )


def scroll_request(body: Json) -> Any:
    """A page of points."""
    offset, order = body.get("offset"), order_by(body.get("order_by"))
    if order is not None and offset is not None:
        raise wrong_input(
            "Cannot use an `offset` when using `order_by`. Page with"
            " `order_by.start_from` and a filter that leaves out the ids seen already"
        )
    return edge.ScrollRequest(
        offset=None if offset is None else point_id(offset),
        limit=limit_of(body),
        filter=engine_filter(body.get("filter")),
        with_payload=with_payload(body.get("with_payload"), default=True),
        with_vector=with_vector(body.get("with_vector")),
        order_by=order,
    )


def count_request(body: Json) -> Any:
    """A count, exact unless told otherwise."""
    exact = optional(body, "exact", bool) is not False
    return edge.CountRequest(exact=exact, filter=engine_filter(body.get("filter")))


def facet_request(body: Json) -> Any:
    """The values of a field with their counts."""
    return edge.FacetRequest(
        required(body, "key", str),
        limit=limit_of(body),
        exact=optional(body, "exact", bool) is True,
        filter=engine_filter(body.get("filter")),
    )


def search_params(value: Any) -> Any:
    """How to search: exactness, beam width, quantization."""
    if value is None:
        return None
    body = typed(value, dict, "params")
    quantization, acorn = (
        optional(body, "quantization", dict),
        optional(body, "acorn", dict),
    )
    return edge.SearchParams(
        hnsw_ef=optional(body, "hnsw_ef", int),
        exact=optional(body, "exact", bool) is True,
        indexed_only=optional(body, "indexed_only", bool) is True,
        quantization=_quantization_params(quantization) if quantization else None,
        acorn=_acorn_params(acorn) if acorn else None,
    )


def _quantization_params(body: Json) -> Any:
    return edge.QuantizationSearchParams(
        ignore=optional(body, "ignore", bool) is True,
        rescore=optional(body, "rescore", bool),
        oversampling=optional(body, "oversampling", float),
    )


def _acorn_params(body: Json) -> Any:
    return edge.AcornSearchParams(
        enable=optional(body, "enable", bool) is True,
        max_selectivity=optional(body, "max_selectivity", float),
    )
