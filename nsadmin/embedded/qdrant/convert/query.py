"""Queries: nearest, fused, recommended, discovered, ordered or random points."""

from collections.abc import Callable
from typing import Any

import numpy as np
import qdrant_edge as edge

from nsadmin.embedded.qdrant.convert.fields import (
    Json,
    choice,
    each,
    one_or_many,
    optional,
    required,
    typed,
)
from nsadmin.embedded.qdrant.convert.filter import engine_filter
from nsadmin.embedded.qdrant.convert.ids import PointId, is_point_id, point_id
from nsadmin.embedded.qdrant.convert.points import VectorChecker, is_sparse
from nsadmin.embedded.qdrant.convert.search import (
    limit_of,
    order_by,
    search_params,
    with_payload,
    with_vector,
)
from nsadmin.embedded.qdrant.errors import not_found, unsupported, wrong_input

Retrieve = Callable[[list[PointId]], list[Any]]


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
            offset=optional(body, "offset", int) or 0,
            query=query,
            prefetches=self._prefetches(body),
            with_vector=with_vector(body.get("with_vector")),
            with_payload=with_payload(body.get("with_payload"), default=False),
            filter=_without(engine_filter(body.get("filter")), examples),
            score_threshold=optional(body, "score_threshold", float),
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
            score_threshold=optional(body, "score_threshold", float),
        )

    def _scoring(self, body: Json, limit: int) -> tuple[Any, list[PointId]]:
        query, using = body.get("query"), optional(body, "using", str) or ""
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
            positive = self.vector(required(body, "positive", object))
            return edge.ContextPair(
                positive, self.vector(required(body, "negative", object))
            )

        return one_or_many(values, pair)


def _nearest(query: Json, examples: _Examples, limit: int) -> Any:
    vector, mmr = examples.vector(query["nearest"]), optional(query, "mmr", dict)
    if mmr is None:
        return edge.Query.Nearest(vector, using=examples.using or None)
    diversity = optional(mmr, "diversity", float)
    candidates = optional(mmr, "candidates_limit", int)
    balance = 0.5 if diversity is None else 1.0 - diversity
    return edge.Mmr(vector, balance, candidates or limit, using=examples.using)


def _fusion(query: Json, _examples: _Examples, _limit: int) -> Any:
    kinds = {"rrf": edge.Fusion.Rrf(k=2), "dbsf": edge.Fusion.Dbsf()}
    return choice(query["fusion"], kinds, "fusion")


def _rrf(query: Json, _examples: _Examples, _limit: int) -> Any:
    body = required(query, "rrf", dict)
    weights = optional(body, "weights", list)
    return edge.Fusion.Rrf(k=optional(body, "k", int) or 2, weights=weights)


def _order(query: Json, _examples: _Examples, _limit: int) -> Any:
    return order_by(query["order_by"])


def _sample(query: Json, _examples: _Examples, _limit: int) -> Any:
    return choice(query["sample"], {"random": edge.Sample.Random}, "sample")


def _recommend(query: Json, examples: _Examples, _limit: int) -> Any:
    body = required(query, "recommend", dict)
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
    body = required(query, "discover", dict)
    target = examples.vector(required(body, "target", object))
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
