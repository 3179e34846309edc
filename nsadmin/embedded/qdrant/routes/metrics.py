"""Counters for Prometheus: the points of all collections in one answer."""

from collections.abc import Iterator
from typing import Any

from nsadmin.embedded.qdrant import VERSION
from nsadmin.embedded.qdrant.router import Call, Plain, Server, router

Sample = tuple[dict[str, str], int]
"""The labels of a figure, and the figure."""


@router.reads("GET", "/metrics")
async def metrics(call: Call) -> Any:
    """The server's figures and those of every collection."""
    return Plain("".join(f"{line}\n" for line in _lines(call.server)))


def _lines(server: Server) -> Iterator[str]:
    app: Sample = ({"name": "qdrant", "version": VERSION}, 1)
    yield from _family("app_info", "information about qdrant server", [app])
    collections = server.catalog.collections.values()
    total: Sample = ({}, len(collections))
    yield from _family("collections_total", "number of collections", [total])
    figures = {collection.name: collection.figures() for collection in collections}
    points = [({"id": name}, it["points_count"]) for name, it in figures.items()]
    text = "approximate amount of points per collection"
    yield from _family("collection_points", text, points)
    optimizer = server.catalog.optimizer
    running = [
        ({"id": it.name}, int(optimizer.build_of(it).working)) for it in collections
    ]
    text = "number of currently running optimization tasks per collection"
    yield from _family("collection_running_optimizations", text, running)
    text = "total amount of shard replicas in non-active state"
    yield from _family("collection_dead_replicas", text, [({}, 0)])
    vectors = [
        ({"collection": name, "vector": vector}, count)
        for name, it in figures.items()
        for vector, count in it["vectors"].items()
    ]
    text = "amount of vectors grouped by vector name"
    yield from _family("collection_vectors", text, vectors)
    total = ({}, sum(count for _, count in vectors))
    text = "total number of vectors in all collections"
    yield from _family("collections_vector_total", text, [total])
    text = "total number of responses"
    yield from _family("rest_responses_total", text, _answers(server), kind="counter")


def _answers(server: Server) -> list[Sample]:
    return [
        ({"method": method, "endpoint": template, "status": str(status)}, count)
        for (method, template, status), count in sorted(server.answers.items())
    ]


def _family(
    name: str, text: str, samples: list[Sample], *, kind: str = "gauge"
) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        inner = ",".join(f'{key}="{_escaped(item)}"' for key, item in labels.items())
        yield f"{name}{{{inner}}} {value}" if inner else f"{name} {value}"


def _escaped(text: str) -> str:
    """A label's value, in which a line cannot end early."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
