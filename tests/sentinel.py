"""Two real Redis servers, one of which takes writes, and a Sentinel that watches them.

The servers and the Sentinel ask for passwords of their own. The address names a second
Sentinel first, which is away.
"""

import gc
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import redis as driver
from django.test.signals import setting_changed

from nsadmin.access.web.session_cache import SessionCache
from nsadmin.embedded.servers import redis
from nsadmin.embedded.supervision import ports
from nsadmin.embedded.supervision.ports import HOST
from nsadmin.embedded.supervision.supervisor import Process
from nsadmin.stores import redis as stores_redis
from nsadmin.stores import redis_pool
from tests.embedded_servers import RunningServer, running

SERVICE = "main"
PASSWORD = "the servers' p@ss:word"
QUOTED = "the%20servers%27%20p%40ss%3Aword"
SENTINEL_PASSWORD = "the-Sentinels"
AWAY = f"{HOST}:9"
# The Sentinel takes a server for dead that is silent for so long.
_DOWN_MS = 500
_FAILOVER_S = 60


@dataclass
class Watched:
    """The servers by their ports, and the Sentinel's port."""

    servers: dict[int, RunningServer]
    sentinel_port: int

    @property
    def url(self) -> str:
        """The address for `NSADMIN_REDIS_URL`, of database 1."""
        place = f"{AWAY},{HOST}:{self.sentinel_port}/{SERVICE}/1"
        asked = f"sentinel_password={SENTINEL_PASSWORD}"
        return f"redis+sentinel://:{QUOTED}@{place}?{asked}"

    def primary(self) -> int:
        """The port of the server that takes writes, as the Sentinel says."""
        with driver.Redis(
            HOST, self.sentinel_port, password=SENTINEL_PASSWORD
        ) as sentinel:
            _, port = sentinel.sentinel_get_master_addr_by_name(SERVICE)
        return int(port)

    def kill_primary(self) -> int:
        """End the server that takes writes; return its port."""
        port = self.primary()
        self.servers[port].kill()
        return port

    def relieve_primary(self) -> int:
        """Have the Sentinel name the other server, as before an upgrade of this one."""
        port = self.primary()
        with driver.Redis(
            HOST, self.sentinel_port, password=SENTINEL_PASSWORD
        ) as sentinel:
            sentinel.sentinel_failover(SERVICE)
        return port

    def bring_back(self, port: int) -> None:
        """Start a server again, and wait until it copies from the other one."""
        self.servers[port].restart()
        _wait_for_copy(port)

    def wait_for_another(self, former: int) -> None:
        """Wait until the Sentinel names another server than the former one."""
        give_up = time.monotonic() + _FAILOVER_S
        while self.primary() == former:
            assert time.monotonic() < give_up, "The Sentinel names no other server."
            time.sleep(0.05)


@contextmanager
def running_sentinel(folder: Path) -> Iterator[Watched]:
    """Run the servers and the Sentinel for as long as the block lasts."""
    with ExitStack() as stack:
        first, second, third = (ports.free_port() for _ in range(3))
        servers = {}
        for port, more in ((first, ()), (second, ("--replicaof", HOST, str(first)))):
            process = _with_password(redis.process(folder / str(port), port), port)
            process = replace(process, argv=[*process.argv, *more])
            started = running(process, url=redis.url(port), port=port)
            servers[port] = stack.enter_context(started)
        _wait_for_copy(second)
        sentinel = _sentinel(folder, third, first)
        stack.enter_context(running(sentinel, url="", port=third))
        yield Watched(servers, third)


@contextmanager
def configured(address: str, settings: Any) -> Iterator[None]:
    """Have this process use the Redis of an address, as its settings are made."""
    found = redis_pool.cache_settings(address, ca_file="")
    settings.NSADMIN_REDIS_URL = address
    settings.CACHES = {
        name: {
            **cache,
            "LOCATION": found["LOCATION"],
            "OPTIONS": {**cache["OPTIONS"], **found["OPTIONS"]},
        }
        for name, cache in settings.CACHES.items()
    }
    SessionCache._skip_until = 0.0
    yield
    stores_redis._connect.cache_clear()
    setting_changed.send(sender=None, setting="CACHES", value=None, enter=True)


@contextmanager
def closed_pools() -> Iterator[None]:
    """Every pool made meanwhile is closed; the program's last as long as it does."""
    yield
    pools = [it for it in gc.get_objects() if type(it) is redis_pool.SentinelPool]
    for pool in pools:
        pool.disconnect()
        pool.sentinel_manager.close()


def _with_password(process: Process, port: int) -> Process:
    options = ["--requirepass", PASSWORD, "--masterauth", PASSWORD, "--hz", "10"]
    return replace(
        process,
        argv=[*process.argv, *options],
        answers=partial(_answers, port, PASSWORD),
    )


def _answers(port: int, password: str) -> bool:
    with driver.Redis(HOST, port, password=password) as client:
        try:
            return bool(client.ping())
        except driver.RedisError:
            return False


def _wait_for_copy(port: int) -> None:
    give_up = time.monotonic() + _FAILOVER_S
    with driver.Redis(HOST, port, password=PASSWORD) as client:
        while client.info("replication").get("master_link_status") != "up":
            assert time.monotonic() < give_up, "The second server copies nothing."
            time.sleep(0.05)


def _sentinel(folder: Path, port: int, first: int) -> Process:
    file = folder / "sentinel.conf"
    file.write_text(
        f"""bind {HOST}
port {port}
dir {folder}
requirepass {SENTINEL_PASSWORD}
sentinel monitor {SERVICE} {HOST} {first} 1
sentinel auth-pass {SERVICE} "{PASSWORD}"
sentinel down-after-milliseconds {SERVICE} {_DOWN_MS}
sentinel failover-timeout {SERVICE} 5000
"""
    )
    return Process(
        name="sentinel",
        argv=[str(redis.binary()), str(file), "--sentinel"],
        answers=partial(_answers, port, SENTINEL_PASSWORD),
    )
