"""Test an address and a key: does a server answer, may the key read and write.

The right to write is tested by deleting an empty list of points: a server checks the
key's right to write first, and then has nothing to delete.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from nsadmin.errors import NsadminError, Unavailable
from nsadmin.stores.qdrant import collection_answers as answers
from nsadmin.stores.qdrant import point_answers
from nsadmin.stores.qdrant.answers import result
from nsadmin.stores.qdrant.cluster import (
    Cluster,
    collection_name,
    http,
    translate_errors,
)
from nsadmin.stores.ssrf_guard import checked_addresses, destination

_REFUSALS = (401, 403)


@dataclass(frozen=True, slots=True)
class Reach:
    """The results up to the first failure; None for values that are not known.

    `metadata` is the collection's, and is asked for last.
    """

    addresses: tuple[str, ...] = ()
    is_tls: bool = False
    version: str | None = None
    response_ms: float = 0.0
    may_read: bool | None = None
    may_write: bool | None = None
    has_collection: bool | None = None
    points: int | None = None
    metadata: Mapping[str, object] | None = field(default=None, repr=False)
    fault: NsadminError | None = None


class _ReachTest:
    """The steps of the test, which share one time limit."""

    def __init__(self, cluster: Cluster, name: str, within_s: float) -> None:
        self._cluster = cluster
        self._path = f"/collections/{collection_name(name)}"
        self._until = time.monotonic() + within_s
        self.found: dict[str, object] = {}

    def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        left = self._left()
        with translate_errors():
            return http(self._cluster).request(method, path, json=body, timeout=left)

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise Unavailable("Qdrant does not answer.", details={"store": "qdrant"})
        return left

    def address(self) -> None:
        if not self._cluster.is_shared:
            place = destination(self._cluster.url)
            found = checked_addresses(
                place.host,
                place.port,
                organization_id=self._cluster.organization_id,
                within_s=self._left(),
            )
            self.found["addresses"] = tuple(str(address) for address in found)
        self.found["is_tls"] = self._cluster.url.startswith("https:")

    def server(self) -> None:
        began = time.perf_counter()
        answer = self._ask("GET", "/")
        self.found["response_ms"] = (time.perf_counter() - began) * 1000
        is_good = answer.status_code == 200
        self.found["version"] = answers.version(answer.content if is_good else b"")

    def count(self) -> None:
        answer = self._ask("POST", f"{self._path}/points/count", {"exact": True})
        self.found["may_read"] = answer.status_code not in _REFUSALS
        if answer.status_code in (200, 404):
            self.found["has_collection"] = answer.status_code == 200
        if answer.status_code == 200:
            self.found["points"] = point_answers.count(result(answer.content))

    def write(self) -> None:
        # If the collection does not exist, only a refusal is conclusive.
        answer = self._ask("POST", f"{self._path}/points/delete", {"points": []})
        if answer.status_code == 200 or answer.status_code in _REFUSALS:
            self.found["may_write"] = answer.status_code == 200

    def metadata(self) -> None:
        if not self.found.get("has_collection"):
            return
        answer = self._ask("GET", self._path)
        if answer.status_code == 200:
            live = answers.collection(answer.content)
            self.found["metadata"] = live.raw.get("metadata") or {}


def reach(cluster: Cluster, name: str, *, within_s: float, tries_write: bool) -> Reach:
    """Run the steps until one fails; failures are returned in `fault`, not raised."""
    walk = _ReachTest(cluster, name, within_s)
    steps = [walk.address, walk.server, walk.count]
    if tries_write:
        steps.append(walk.write)
    fault = None
    try:
        for step in [*steps, walk.metadata]:
            step()
    except NsadminError as failure:
        fault = failure
    return Reach(**walk.found, fault=fault)  # type: ignore[arg-type]
