"""Messages go over connections that are kept, and outlive a restart of the broker."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from kombu import pools

from nsadmin.celery import app
from nsadmin.jobs.execution import dispatch
from tests.embedded_servers import RunningServer, running_redis

TASK = "nsadmin.jobs.trim"


@pytest.fixture
def broker(tmp_path, monkeypatch) -> Iterator[RunningServer]:
    with running_redis(tmp_path / "redis") as server:
        monkeypatch.setattr(app.conf, "broker_url", server.url)
        monkeypatch.setattr(app.conf, "broker_write_url", server.url)
        yield server
    pools.reset()


def _send() -> bool:
    return dispatch.send_task(TASK, queue="q")


def _opened(server: RunningServer) -> int:
    """The number of connections that the server has taken, that of this question too."""
    with redis.Redis.from_url(server.url) as client:
        return int(client.info("stats")["total_connections_received"])


def _waiting(server: RunningServer) -> int:
    with redis.Redis.from_url(server.url) as client:
        return int(client.llen("q"))


def test_a_connection_is_kept_from_message_to_message(broker):
    assert _send()
    before = _opened(broker)
    assert all(_send() for _ in range(20))
    assert _opened(broker) == before + 1
    assert _waiting(broker) == 21


def test_a_broker_that_restarted_gets_the_next_message(broker):
    assert _send()
    broker.kill()
    began = time.monotonic()
    assert not _send()
    assert not _send()
    assert time.monotonic() - began < 4
    broker.restart()
    assert _send()
    broker.restart()
    assert _send()


def test_many_threads_send_at_once(broker):
    with ThreadPoolExecutor(24) as threads:
        sent = list(threads.map(lambda _: _send(), range(240)))
    assert all(sent)
    assert _waiting(broker) == 240
