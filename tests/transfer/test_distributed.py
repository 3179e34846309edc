"""Transfers within a cluster of several nodes, whichever shards a node has.

Runs where NSADMIN_TEST_QDRANT_URL names the nodes, separated by commas. A node that was
stopped beforehand is left out there: its shards have a replica elsewhere.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from nsadmin.transfer.site import Site
from nsadmin.transfer.ways import Way
from tests.clones.independent import Reader
from tests.real_servers import qdrant_nodes
from tests.transfer.conftest import Fill, Work

NODES = qdrant_nodes()
COUNT = 600
BODY = {"shard_number": 3, "replication_factor": 2}

pytestmark = pytest.mark.skipif(
    len(NODES) < 2,
    reason="NSADMIN_TEST_QDRANT_URL names no cluster of several nodes",
)


@pytest.fixture
def nodes(settings: Any) -> Iterator[list[Reader]]:
    """A reader of each node."""
    made = [Reader(url, settings.NSADMIN_QDRANT_API_KEY) for url in NODES]
    yield made
    for reader in made:
        reader.close()


@pytest.mark.parametrize("way", ["snapshot", "stream", "pages"])
def test_every_node_has_every_point(
    filled: Fill, beside: Any, reader: Reader, nodes: list[Reader], way: Way
) -> None:
    source = filled(count=COUNT, **BODY)
    work = Work(source, beside(source), ways=(way, "pages"))
    result = work.run()
    before = reader.every_point(source.collection, page=COUNT)
    assert len(before) == COUNT
    for node in nodes:
        assert node.every_point(work.target.collection, page=COUNT) == before
    assert work.left_behind() == []
    # A node that does not have a shard cannot give it, and the report says so.
    assert result.way in (way, "pages", "mixed")
    if result.way != way:
        assert result.reasons


def test_shards_come_from_any_node_to_any_other(
    filled: Fill, beside: Any, reader: Reader, nodes: list[Reader]
) -> None:
    source = filled(count=COUNT, **BODY)
    first = Work(source, beside(source))
    first.run()
    # What was brought is the source of the next transfer.
    again = Work(Site(source.cluster, first.target.collection), beside(source))
    again.run()
    before = reader.every_point(source.collection, page=COUNT)
    for node in nodes:
        assert node.every_point(again.target.collection, page=COUNT) == before
