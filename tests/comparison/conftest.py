"""A namespace and its fresh clone, and what differs once something is planted."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nsadmin.comparison.models import Comparison
from nsadmin.comparison.start import start
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import Cast
from tests.clones.conftest import clone, run_to_the_end
from tests.clones.sources import make_source

__all__ = ["clone"]

Compare = Callable[..., dict[str, Any]]


@pytest.fixture
def world(transactional_db: None, cast: Cast) -> Iterator[Cast]:
    """The cast, in a database that the heartbeat's thread shares."""
    yield cast
    for job in Job.objects.filter(kind="clone"):
        if collections.get(shared(), job.namespace_id) is not None:
            collections.drop(shared(), job.namespace_id)


@pytest.fixture
def source(world: Cast) -> Namespace:
    """A namespace of Northlight with everything in it."""
    return make_source(world.northlight)


@pytest.fixture
def copy(source: Namespace, clone: Callable[[Namespace], Job]) -> Namespace:
    """A fresh clone of it."""
    job = clone(source)
    raw = store.get(job.namespace_id)
    assert raw is not None
    return document.read(raw)


@pytest.fixture
def compare(world: Cast) -> Compare:
    """Compare two namespaces in this process; the kept result comes back."""

    def run(left: Namespace, right: Namespace, mode: str = "full") -> dict[str, Any]:
        row = start(world.actor(), left.namespace_id, right.namespace_id, mode)
        job = run_to_the_end(Job.objects.get(job_id=row.comparison_id))
        assert (job.state, job.error) == (State.DONE, "")
        result: dict[str, Any] = Comparison.objects.get(pk=row.pk).result
        return result

    return run


def found(result: dict[str, Any]) -> dict[str, int]:
    """Return the counts of a result that are not zero."""
    return {name: count for name, count in result["counts"].items() if count}
