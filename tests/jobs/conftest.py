"""Kinds of jobs that tests run, and a database that threads and processes share."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db.backends.signals import connection_created

from nsadmin.errors import Invalid, Unavailable
from nsadmin.jobs import queues, registry
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.execution.enqueue import enqueue
from nsadmin.jobs.execution.progress import Stage
from nsadmin.jobs.models import Job
from nsadmin.jobs.registry import register_kind

STAGES = (Stage(key="count", title="Counting", unit="steps", weight=1),)


class Orders:
    """Instructions for the runner of the test kind, and a record of its calls.

    `breaks` and `settle_breaks` are exceptions to raise, one for each call.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.breaks: list[Exception] = []
        self.settled: list[str] = []
        self.settle_breaks: list[Exception] = []
        self.steps: list[int] = []
        self.before_step = lambda _work, _number: None


ORDERS = Orders()


def _settle(job: Job) -> None:
    if ORDERS.settle_breaks:
        raise ORDERS.settle_breaks.pop(0)
    ORDERS.settled.append(job.state)


if registry.find_kind("test_count") is None:

    @register_kind("test_count", task_type="api_namespaces_create", settle=_settle)
    def count(work: JobContext) -> None:
        """Count to `inputs["to"]`, one checkpoint a step."""
        work.progress.begin("count", total=work.inputs["to"])
        for number in range(work.cursor.get("at", 0), work.inputs["to"]):
            ORDERS.before_step(work, number)
            if ORDERS.breaks:
                raise ORDERS.breaks.pop(0)
            ORDERS.steps.append(number)
            work.cursor["at"] = number + 1
            work.progress.advance("count", done=number + 1)
            work.checkpoint()
        work.progress.end("count")
        work.outputs = {"counted": work.inputs["to"]}


@pytest.fixture
def orders() -> Iterator[Orders]:
    ORDERS.clear()
    yield ORDERS
    ORDERS.clear()


@pytest.fixture
def away() -> Unavailable:
    return Unavailable("Qdrant does not answer.", details={"store": "qdrant"})


@pytest.fixture
def refusal() -> Invalid:
    return Invalid("This cannot be done.")


@pytest.fixture
def sent(monkeypatch):
    """A broker in memory: the arguments of a queue's messages, as (job id, epoch)."""
    from kombu import Connection, Queue

    from nsadmin.celery import app

    memory = Connection("memory://")
    monkeypatch.setattr(app, "connection_for_write", lambda **_: memory.clone())
    for name in queues.ALL:
        app.amqp.queues.add(Queue(name))

    def read(name: str = queues.JOBS) -> list[tuple[Any, ...]]:
        found = []
        with memory.clone() as connection:
            queue = connection.SimpleQueue(name)
            while queue.qsize():
                body = queue.get(block=False)
                body.ack()
                found.append(tuple(body.payload[0]))
        return found

    for name in queues.ALL:
        read(name)
    return read


@dataclass(frozen=True)
class Person:
    """Who reads jobs: those of some organizations, None for all of them."""

    organization_ids: frozenset[str] | None
    kind: str = "user"
    id: str = "1"
    label: str = "ada@northlight.example"
    namespace_ids: frozenset[str] | None = None

    @property
    def visible_organization_ids(self) -> frozenset[str] | None:
        return self.organization_ids

    def sees_organization(self, organization_id: str) -> bool:
        ids = self.organization_ids
        return ids is None or organization_id in ids

    def session_for(self, organization_id: str) -> str:  # noqa: ARG002
        return ""


OWNER = Person(frozenset({"org_a"}))
STRANGER = Person(frozenset({"org_b"}))
STAFF = Person(None)


def new_job(to: int = 3, **extra: Any) -> Job:
    """A job of the test kind."""
    values: dict[str, Any] = {
        "title": "Count",
        "organization_id": "org_a",
        "internal_id": "int_a",
        "namespace_id": "ns_target",
        "stages": STAGES,
        "inputs": {"to": to},
    }
    return enqueue("test_count", actor=OWNER, **{**values, **extra})


@contextmanager
def opened_connections() -> Iterator[list[Any]]:
    """The connections that are opened while the block runs, also by other threads."""
    opened: list[Any] = []

    def note(connection: Any, **_: Any) -> None:
        opened.append(connection)

    connection_created.connect(note)
    try:
        yield opened
    finally:
        connection_created.disconnect(note)


@contextmanager
def broken_off(connection: Any) -> Iterator[None]:
    """Have a connection of another thread fail from its next statement on.

    It is replaced by a closed one: SQLite crashes if one is closed in a statement.
    """
    own = connection.connection
    if connection.vendor == "sqlite":
        connection.connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.connection.close()
    yield
    own.close()


def becomes(is_true: Callable[[], object], *, within_s: float = 5) -> bool:
    """Wait until something is true; False if it does not become so in time."""
    until = time.monotonic() + within_s
    while not is_true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
