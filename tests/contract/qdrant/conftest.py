"""The suite's servers, clients and names; every reply is held against the document.

The suite runs against the embedded server, or unchanged against the server that
NSADMIN_TEST_QDRANT_URL names. There its collections have names of their own, and it
changes nothing but them.
"""

import os
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from qdrant_client import QdrantClient

from tests.contract.qdrant.openapi import Document, document_path
from tests.embedded_servers import RunningQdrant, running_qdrant
from tests.real_servers import qdrant_nodes

HERE = Path(__file__).parent
FOREIGN_URL = next(iter(qdrant_nodes()), "")
FOREIGN_KEY = os.environ.get("NSADMIN_TEST_QDRANT_API_KEY") or None
KEY, READ_ONLY_KEY, DATA_KEY = "the full key", "the read-only key", "the data key"

NewName = Callable[[], str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What only the embedded server promises is not asked of another one."""
    for item in items:
        only = item.get_closest_marker("embedded_only")
        if only is None or HERE not in item.path.parents:
            continue
        if len(only.args) != 1:
            raise pytest.UsageError(f"{item.nodeid}: embedded_only needs its reason")
        if FOREIGN_URL:
            item.add_marker(pytest.mark.skip(reason=only.args[0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say so when replies could not be held against the document."""
    if document_path() is None:
        terminalreporter.write_line(
            "Qdrant's OpenAPI document is not here (NSADMIN_QDRANT_OPENAPI): "
            "replies were not validated."
        )


@pytest.fixture(scope="session")
def document() -> Document | None:
    """Qdrant's OpenAPI document, where it is present."""
    path = document_path()
    return Document(path, closed=not FOREIGN_URL) if path else None


@pytest.fixture(scope="session")
def check_reply(document: Document | None) -> Callable[[httpx.Response], None]:
    """A hook for httpx that refuses a reply the document does not allow."""

    def check(response: httpx.Response) -> None:
        response.read()
        if document is not None:
            document.check(response)

    return check


@pytest.fixture(scope="session")
def embedded_data() -> Iterator[Path]:
    """The data directory of the embedded server, in memory where there is such a place.

    The engine waits for the disk several times for each collection it makes.
    """
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place, prefix="nsadmin-") as directory:
        yield Path(directory) / "data"


@pytest.fixture(scope="session")
def embedded(embedded_data: Path) -> Iterator[RunningQdrant | None]:
    """The embedded server of the session, or nothing when a foreign one is tested."""
    if FOREIGN_URL:
        yield None
        return
    with running_qdrant(
        embedded_data, api_key=KEY, read_only_key=READ_ONLY_KEY, data_key=DATA_KEY
    ) as server:
        yield server


@pytest.fixture(scope="session")
def url(embedded: RunningQdrant | None) -> str:
    return embedded.url if embedded else FOREIGN_URL


@pytest.fixture(scope="session")
def api_key(embedded: RunningQdrant | None) -> str | None:
    return KEY if embedded else FOREIGN_KEY


Connect = Callable[..., QdrantClient]
Raw = Callable[..., httpx.Client]


@pytest.fixture(scope="session")
def connect(check_reply: Callable[[httpx.Response], None]) -> Iterator[Connect]:
    """Make a qdrant-client whose replies are checked."""
    made: list[QdrantClient] = []

    def make(url: str, api_key: str | None) -> QdrantClient:
        with warnings.catch_warnings():
            # It warns of a key without TLS, which is what a loopback server gets.
            warnings.simplefilter("ignore")
            client = QdrantClient(
                url=url,
                api_key=api_key,
                timeout=60,
                check_compatibility=False,
                # By default it opens a connection for each call to a loopback address.
                limits=httpx.Limits(),
                verify=url.startswith("https:"),
                event_hooks={"response": [check_reply]},
            )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="session")
def raw(check_reply: Callable[[httpx.Response], None]) -> Iterator[Raw]:
    """Make an httpx client whose replies are checked."""
    made: list[httpx.Client] = []

    def make(url: str, api_key: str | None) -> httpx.Client:
        client = httpx.Client(
            base_url=url,
            headers={"api-key": api_key} if api_key else {},
            timeout=60,
            verify=url.startswith("https:"),
            event_hooks={"response": [check_reply]},
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="session")
def client(connect: Connect, url: str, api_key: str | None) -> QdrantClient:
    """The qdrant-client of the suite."""
    return connect(url, api_key)


@pytest.fixture(scope="session")
def http(raw: Raw, url: str, api_key: str | None) -> httpx.Client:
    """Plain HTTP with the full key."""
    return raw(url, api_key)


@pytest.fixture
def new_name(client: QdrantClient) -> Iterator[NewName]:
    """Unique collection names; the collections and their aliases go with the test."""
    names: list[str] = []

    def make() -> str:
        names.append(f"nsadmin_contract_{uuid.uuid4().hex[:12]}")
        return names[-1]

    yield make
    for name in names:
        if client.collection_exists(name):
            for snapshot in client.list_snapshots(name):
                client.delete_snapshot(name, snapshot.name)
            client.delete_collection(name)


@pytest.fixture
def name(new_name: NewName) -> str:
    """One unique collection name."""
    return new_name()
