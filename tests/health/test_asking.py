"""A few silent collections are no silent cluster."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from nsadmin.health.sampling.asking import IN_FLIGHT, Asker, Question
from nsadmin.namespaces.read.look_writes import Answer
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import Cast
from tests.health import odd_cluster
from tests.health.odd_cluster import OddCluster

_COUNT = 120


@pytest.fixture
def odd(settings) -> Iterator[OddCluster]:
    """A shared cluster that answers as the test says."""
    with odd_cluster.running() as cluster:
        settings.NSADMIN_QDRANT_URL = cluster.url
        settings.NSADMIN_SAMPLE_TIMEOUT_S = 0.5
        yield cluster


def questions(cast: Cast, start: int = 0) -> list[Question]:
    keys = [f"ns_asked{number}" for number in range(start, start + _COUNT)]
    return [
        Question(
            replace(
                cast.own, namespace_id=key, infrastructure={"qdrant_collection": key}
            ),
            shared(),
        )
        for key in keys
    ]


def hang(odd: OddCluster, asked: list[Question]) -> None:
    odd.hangs |= {f"/collections/{q.namespace.collection}" for q in asked}


def test_two_hanging_collections_do_not_end_the_turn_of_a_cluster(cast, odd):
    first, second = questions(cast), questions(cast, _COUNT)
    hang(odd, first[3:5])
    with Asker() as asker:
        answers = asker.ask(first)
        assert not asker.is_broken
        assert len(asker.ask(second)) == _COUNT
    looks = [answer for answer in answers if isinstance(answer, Answer)]
    silent = [look.key for look in looks if look.error == "Qdrant does not answer."]
    assert len(looks) == _COUNT
    assert silent == [q.namespace.namespace_id for q in first[3:5]]


def test_a_cluster_that_falls_silent_after_answers_is_asked_once_more_by_each_thread(
    cast, odd
):
    first, second = questions(cast), questions(cast, _COUNT)
    hang(odd, second)
    with Asker() as asker:
        asker.ask(first)
        answers = asker.ask(second)
        assert asker.is_broken
    assert IN_FLIGHT <= len(answers) < 2 * IN_FLIGHT


def test_a_cluster_without_any_answer_is_asked_twice(cast, odd):
    asked = questions(cast)
    hang(odd, asked)
    with Asker() as asker:
        assert len(asker.ask(asked)) == 2
        assert asker.is_broken
