"""Reading requests: scroll, count, facet and query bodies to the engine's requests."""

from collections.abc import Callable
from typing import Any

import numpy as np
import qdrant_edge as edge

from nsadmin.embedded.qdrant.convert.fields import (
    Json,
    choice,
    each,
    maybe,
    need,
    one_or_many,
    typed,
    within,
)
from nsadmin.embedded.qdrant.convert.filter import engine_filter
from nsadmin.embedded.qdrant.convert.ids import PointId, is_point_id, point_id
from nsadmin.embedded.qdrant.convert.points import VectorChecker, is_sparse
from nsadmin.embedded.qdrant.errors import (
    malformed,
    not_found,
    unsupported,
    wrong_input,
)

DEFAULT_LIMIT = 10
DIRECTIONS = {"asc": edge.Direction.Asc, "desc": edge.Direction.Desc}

Retrieve = Callable[[list[PointId]], list[Any]]


def with_payload(value: Any, *, default: bool) -> Any:
    """Which part of the payload an answer carries."""
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return [typed(key, str, "with_payload") for key in value]
    body = typed(value, dict, "with_payload")
    if "include" in body:
        return edge.PayloadSelector.Include(need(body, "include", list))
    if "exclude" in body:
        return edge.PayloadSelector.Exclude(need(body, "exclude", list))
    raise malformed("data did not match any variant of untagged enum WithPayload")


def with_vector(value: Any) -> Any:
    """Which vectors an answer carries."""
    if value is None or isinstance(value, bool):
        return bool(value)
    return each(value, lambda name: typed(name, str, "with_vector"), "with_vector")


def limit_of(body: Json) -> int:
    """The page size; Qdrant refuses zero."""
    limit = maybe(body, "limit", int)
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
        need(body, "key", str),
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
    exact = maybe(body, "exact", bool) is not False
    return edge.CountRequest(exact=exact, filter=engine_filter(body.get("filter")))


def facet_request(body: Json) -> Any:
    """The values of a field with their counts."""
    return edge.FacetRequest(
        need(body, "key", str),
        limit=limit_of(body),
        exact=maybe(body, "exact", bool) is True,
        filter=engine_filter(body.get("filter")),
    )


class QueryReader:
    """Reads queries; points named as examples are fetched and left out of the hits."""

    def __init__(self, vectors: VectorChecker, retrieve: Retrieve) -> None:
        self._vectors = vectors
        self._retrieve = retrieve

    def request(self, body: Json) -> Any:
        """The engine's request for a query body."""
        if body.get("lookup_from") is not None:
            raise unsupported("query with lookup_from")
        limit = limit_of(body)
        query, examples = self._scoring(body, limit)
        return edge.QueryRequest(
            limit=limit,
            offset=maybe(body, "offset", int) or 0,
            query=query,
            prefetches=self._prefetches(body),
            with_vector=with_vector(body.get("with_vector")),
            with_payload=with_payload(body.get("with_payload"), default=False),
            filter=_without(engine_filter(body.get("filter")), examples),
            score_threshold=maybe(body, "score_threshold", float),
            params=search_params(body.get("params")),
        )

    def _prefetches(self, body: Json) -> list[Any]:
        stated = body.get("prefetch")
        return [] if stated is None else one_or_many(stated, self._prefetch)

    def _prefetch(self, body: Any) -> Any:
        body = typed(body, dict, "prefetch")
        if body.get("lookup_from") is not None:
            raise unsupported("query with lookup_from")
        limit = limit_of(body)
        query, examples = self._scoring(body, limit)
        return edge.Prefetch(
            limit=limit,
            query=query,
            prefetches=self._prefetches(body),
            params=search_params(body.get("params")),
            filter=_without(engine_filter(body.get("filter")), examples),
            score_threshold=maybe(body, "score_threshold", float),
        )

    def _scoring(self, body: Json, limit: int) -> tuple[Any, list[PointId]]:
        query, using = body.get("query"), maybe(body, "using", str) or ""
        examples = _Examples(self._vectors, self._retrieve, using)
        if query is None:
            return None, []
        if is_point_id(query) or isinstance(query, list) or is_sparse(query):
            query = {"nearest": query}
        query = typed(query, dict, "query")
        for kind, read in _QUERY_KINDS.items():
            if query.get(kind) is not None:
                return read(query, examples, limit), examples.ids
        raise unsupported("query by " + ", ".join(sorted(query)))


class _Examples:
    """Turns examples into vectors and remembers which of them were points."""

    def __init__(self, vectors: VectorChecker, retrieve: Retrieve, using: str) -> None:
        self._vectors = vectors
        self._retrieve = retrieve
        self.using = using
        self.ids: list[PointId] = []

    def vector(self, value: Any) -> Any:
        if not is_point_id(value):
            return self._vectors.named(self.using, value)
        identity = point_id(value)
        found = self._retrieve([identity])
        if not found:
            raise not_found(f"No point with id {value} found")
        stored = found[0].vector
        if isinstance(stored, dict):
            stored = stored.get(self.using)
        if stored is None:
            raise wrong_input(f"Point {value} does not have vector {self.using!r}")
        self.ids.append(identity)
        return stored

    def vectors(self, values: Any) -> list[Any]:
        return [] if values is None else each(values, self.vector, "examples")

    def pairs(self, values: Any) -> list[Any]:
        def pair(item: Any) -> Any:
            body = typed(item, dict, "context")
            positive = self.vector(need(body, "positive", object))
            return edge.ContextPair(
                positive, self.vector(need(body, "negative", object))
            )

        return one_or_many(values, pair)


def _nearest(query: Json, examples: _Examples, limit: int) -> Any:
    vector, mmr = examples.vector(query["nearest"]), maybe(query, "mmr", dict)
    if mmr is None:
        return edge.Query.Nearest(vector, using=examples.using or None)
    diversity = maybe(mmr, "diversity", float)
    candidates = maybe(mmr, "candidates_limit", int)
    balance = 0.5 if diversity is None else 1.0 - diversity
    return edge.Mmr(vector, balance, candidates or limit, using=examples.using)


def _fusion(query: Json, _examples: _Examples, _limit: int) -> Any:
    kinds = {"rrf": edge.Fusion.Rrf(k=2), "dbsf": edge.Fusion.Dbsf()}
    return choice(query["fusion"], kinds, "fusion")


def _rrf(query: Json, _examples: _Examples, _limit: int) -> Any:
    body = need(query, "rrf", dict)
    weights = maybe(body, "weights", list)
    return edge.Fusion.Rrf(k=maybe(body, "k", int) or 2, weights=weights)


def _order(query: Json, _examples: _Examples, _limit: int) -> Any:
    return order_by(query["order_by"])


def _sample(query: Json, _examples: _Examples, _limit: int) -> Any:
    return choice(query["sample"], {"random": edge.Sample.Random}, "sample")


def _recommend(query: Json, examples: _Examples, _limit: int) -> Any:
    body = need(query, "recommend", dict)
    positive = examples.vectors(body.get("positive"))
    negative = examples.vectors(body.get("negative"))
    words = ("average_vector", "best_score", "sum_scores")
    strategy = body.get("strategy") or words[0]
    choice(strategy, dict.fromkeys(words, ""), "strategy")
    using = examples.using or None
    if strategy == "best_score":
        asked = edge.RecommendQuery(positive, negative)
        return edge.Query.RecommendBestScore(asked, using=using)
    if strategy == "sum_scores":
        asked = edge.RecommendQuery(positive, negative)
        return edge.Query.RecommendSumScores(asked, using=using)
    return edge.Query.Nearest(_average(positive, negative), using=using)


def _average(positive: list[Any], negative: list[Any]) -> list[float]:
    if not positive:
        raise wrong_input("At least one positive vector ID required")
    if any(isinstance(v, edge.SparseVector) for v in positive + negative):
        raise unsupported("recommendation by the average of sparse vectors")
    mean = np.mean([np.asarray(v, np.float32) for v in positive], 0)
    if negative:
        mean = mean + mean - np.mean([np.asarray(v, np.float32) for v in negative], 0)
    numbers: list[float] = mean.tolist()
    return numbers


def _discover(query: Json, examples: _Examples, _limit: int) -> Any:
    body = need(query, "discover", dict)
    target = examples.vector(need(body, "target", object))
    pairs = examples.pairs(body.get("context") or [])
    asked = edge.DiscoverQuery(target, pairs)
    return edge.Query.Discover(asked, using=examples.using or None)


def _context(query: Json, examples: _Examples, _limit: int) -> Any:
    asked = edge.ContextQuery(examples.pairs(query["context"]))
    return edge.Query.Context(asked, using=examples.using or None)


_QUERY_KINDS: dict[str, Callable[[Json, _Examples, int], Any]] = {
    "nearest": _nearest,
    "fusion": _fusion,
    "rrf": _rrf,
    "order_by": _order,
    "sample": _sample,
    "recommend": _recommend,
    "discover": _discover,
    "context": _context,
}


def _without(condition: Any, ids: list[PointId]) -> Any:
    if not ids:
        return condition
    others = edge.Filter(must_not=[edge.HasIdCondition(set(ids))])
    return others if condition is None else edge.Filter(must=[condition, others])


def search_params(value: Any) -> Any:
    """How to search: exactness, beam width, quantization."""
    if value is None:
        return None
    body = typed(value, dict, "params")
    quantization, acorn = maybe(body, "quantization", dict), maybe(body, "acorn", dict)
    return edge.SearchParams(
        hnsw_ef=maybe(body, "hnsw_ef", int),
        exact=maybe(body, "exact", bool) is True,
        indexed_only=maybe(body, "indexed_only", bool) is True,
        quantization=_quantization_params(quantization) if quantization else None,
        acorn=_acorn_params(acorn) if acorn else None,
    )


def _quantization_params(body: Json) -> Any:
    return edge.QuantizationSearchParams(
        ignore=maybe(body, "ignore", bool) is True,
        rescore=maybe(body, "rescore", bool),
        oversampling=maybe(body, "oversampling", float),
    )


def _acorn_params(body: Json) -> Any:
    return edge.AcornSearchParams(
        enable=maybe(body, "enable", bool) is True,
        max_selectivity=maybe(body, "max_selectivity", float),
    )
