"""Calls that Qdrant has and the embedded engine does not: all answer 501."""

from typing import Any

from nsadmin.embedded.qdrant.errors import unsupported
from nsadmin.embedded.qdrant.router import Call, router

_C = "/collections/{name}"

READS = (
    ("GET", "/cluster/telemetry"),
    ("GET", "/snapshots"),
    ("GET", "/snapshots/{snapshot}"),
    ("POST", f"{_C}/points/discover"),
    ("POST", f"{_C}/points/discover/batch"),
    ("POST", f"{_C}/points/query/groups"),
    ("POST", f"{_C}/points/recommend"),
    ("POST", f"{_C}/points/recommend/batch"),
    ("POST", f"{_C}/points/recommend/groups"),
    ("POST", f"{_C}/points/search"),
    ("POST", f"{_C}/points/search/batch"),
    ("POST", f"{_C}/points/search/groups"),
    ("POST", f"{_C}/points/search/matrix/offsets"),
    ("POST", f"{_C}/points/search/matrix/pairs"),
)
WRITES = (
    ("DELETE", "/cluster/peer/{peer}"),
    ("POST", "/cluster/recover"),
    ("DELETE", "/snapshots/{snapshot}"),
    ("POST", "/snapshots"),
)


async def refuse(call: Call) -> Any:
    """Answer 501 with the name of the call."""
    raise unsupported(f"{call.method} {call.path}")


for _method, _template in READS:
    router.reads(_method, _template)(refuse)
for _method, _template in WRITES:
    router.writes(_method, _template)(refuse)
