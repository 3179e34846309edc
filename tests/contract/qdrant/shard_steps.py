"""Small steps of the tests about shards."""

from typing import Any

import httpx


def shard(name: str, number: object = 0) -> str:
    return f"/collections/{name}/shards/{number}"


def archive(http: httpx.Client, name: str) -> bytes:
    """The archive of a shard, as it is streamed."""
    reply = http.get(f"{shard(name)}/snapshot")
    assert reply.status_code == 200
    return reply.content


def upload(
    http: httpx.Client, name: str, content: bytes, number: int = 0, **query: Any
) -> httpx.Response:
    path = f"{shard(name, number)}/snapshots/upload"
    params = {"priority": "snapshot", "wait": "true", **query}
    return http.post(path, params=params, files={"snapshot": ("any", content)})
