"""A plant: private servers, a database and real workers, which a test may break."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsadmin.access.actor import Actor
from nsadmin.access.keys.keys import actor_of_key, create_key
from nsadmin.access.models import Organization
from nsadmin.access.permissions import Role
from nsadmin.celery import app
from nsadmin.stores import redis_pool
from nsadmin.stores.mongo import indexes
from tests.embedded_servers import (
    RunningQdrant,
    RunningServer,
    running_qdrant,
    running_redis,
)
from tests.faults import database
from tests.faults.database import Rows
from tests.faults.workers import Workers, running_workers

KEY = "a key for the plant"
DATA_KEY = "a key for the plant's data that may take no snapshot"
# More than 1 on a machine that does other work at the same time: promised seconds are
# multiplied by it.
SLOWNESS = float(os.environ.get("NSADMIN_FAULTS_SLOWNESS", "1"))


@dataclass(frozen=True)
class Plant:
    """The running plant; `env` is the environment of all its processes."""

    redis: RunningServer
    qdrant: RunningQdrant
    qdrant_dir: Path
    workers: Workers
    env: dict[str, str]
    database: Rows

    def actor(self, plan: str = "enterprise", role: str = "member") -> Actor:
        """A key of a new organization with this role."""
        name = f"Plant {time.monotonic_ns()}"
        made = Organization.objects.create(name=name, plan=plan)
        _, key = create_key(made, name="key", role=Role(role))
        return actor_of_key(key)


@contextmanager
def running_plant(
    mongodb_url: str, settings: Any, rows: Rows, **more: str
) -> Iterator[Plant]:
    """A plant with a running sweeper and beat; the test starts the job workers.

    `more` is added to the environment of its processes.
    """
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
        (place / "redis").mkdir()
        (place / "qdrant").mkdir()
        redis = stack.enter_context(running_redis(place / "redis"))
        qdrant = stack.enter_context(
            running_qdrant(place / "qdrant", api_key=KEY, data_key=DATA_KEY)
        )
        env = {
            "NSADMIN_SECRET_KEY": "a secret that is long enough for a plant " * 2,
            "NSADMIN_KEY_PEPPER": settings.NSADMIN_KEY_PEPPER,
            "NSADMIN_SEAL_KEYS": ",".join(settings.NSADMIN_SEAL_KEYS),
            "NSADMIN_ALLOWED_HOSTS": "127.0.0.1",
            "NSADMIN_MONGODB_URL": mongodb_url,
            "NSADMIN_QDRANT_URL": qdrant.url,
            "NSADMIN_QDRANT_API_KEY": KEY,
            "NSADMIN_REDIS_URL": redis.url,
            "NSADMIN_LOG_LEVEL": "WARNING",
            "DATABASE_URL": rows.url,
            **more,
        }
        workers = stack.enter_context(running_workers(env, place))
        workers.start_sweeping()
        yield Plant(redis, qdrant, place / "qdrant", workers, env, rows)


@contextmanager
def inside(plant: Plant, settings: Any) -> Iterator[None]:
    """Have this process use the plant's stores."""
    settings.NSADMIN_MONGODB_URL = plant.env["NSADMIN_MONGODB_URL"]
    settings.NSADMIN_QDRANT_URL = plant.qdrant.url
    settings.NSADMIN_QDRANT_API_KEY = KEY
    settings.NSADMIN_REDIS_URL = plant.env["NSADMIN_REDIS_URL"]
    with _broker(settings.NSADMIN_REDIS_URL):
        indexes.ensure()
        with database.using(plant.database):
            yield


@contextmanager
def _broker(address: str) -> Iterator[None]:
    """Have this process' Celery send to the broker of an address."""
    url, options, _ = redis_pool.broker_settings(address, ca_file="")
    options = {**app.conf["broker_transport_options"], **options}
    ours = {"broker_url": url, "broker_transport_options": options}
    before = {name: app.conf[name] for name in ours}
    app.conf.update(ours)
    try:
        yield
    finally:
        app.conf.update(before)


def send(task: str, *args: str, **options: Any) -> None:
    """Send a task over a connection of its own: kept ones lead to another plant."""
    with app.connection_for_write() as connection:
        app.send_task(task, args=args, connection=connection, **options)


def until(is_so: Callable[[], Any], what: str, *, within_s: float = 60) -> float:
    """Wait until something is so; return after how many seconds it was."""
    begun = time.monotonic()
    while not is_so():
        took = time.monotonic() - begun
        assert took < within_s, f"Not within {within_s} s: {what}."
        time.sleep(0.05)
    return time.monotonic() - begun
