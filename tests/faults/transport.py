"""The message boundaries of three protocols: HTTP, MongoDB's and Redis's."""

import re
import struct
from asyncio import StreamReader
from dataclasses import dataclass
from typing import Protocol

_OP_MSG = 2013
_UNASKED_MONGO = {"hello", "isMaster", "ismaster", "ping", "endSessions"}
_MONGO_WRITES = {"insert", "update", "delete", "findAndModify"}
_UNASKED_REDIS = {"HELLO", "CLIENT", "SELECT", "AUTH", "PING"}


@dataclass(frozen=True, slots=True)
class Message:
    """One request: its bytes and its command; None for the driver's housekeeping."""

    data: bytes
    asks: str | None
    writes: bool = False


class Transport(Protocol):
    """Reads one store's requests and replies from a stream."""

    store: str

    async def request(self, stream: StreamReader) -> Message:
        """Read the next request."""

    async def reply(self, stream: StreamReader) -> bytes:
        """Read the next reply."""


class Http:
    """HTTP/1.1 with keep-alive, as Qdrant speaks it."""

    store = "qdrant"

    async def request(self, stream: StreamReader) -> Message:
        data = await _http_message(stream)
        method, path, _ = data.split(b" ", 2)
        place = re.sub("^/collections/[^/]+", "", path.decode().partition("?")[0])
        asks = f"{method.decode()} {place or 'collection'}"
        return Message(data, asks, writes=method != b"GET")

    async def reply(self, stream: StreamReader) -> bytes:
        return await _http_message(stream)


async def _http_message(stream: StreamReader) -> bytes:
    head = await stream.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")[1:]
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    if headers.get("transfer-encoding") != "chunked":
        return head + await stream.readexactly(int(headers.get("content-length", 0)))
    while not head.endswith(b"\r\n0\r\n\r\n"):
        size = await stream.readuntil(b"\r\n")
        head += size + await stream.readexactly(int(size, 16) + 2)
    return head


class Mongo:
    """OP_MSG, one command and one reply at a time on each connection."""

    store = "mongo"

    async def request(self, stream: StreamReader) -> Message:
        data = await self.reply(stream)
        if struct.unpack_from("<i", data, 12)[0] != _OP_MSG:
            return Message(data, None)
        # Header 16, flags 4, kind of section 1, length 4, type 1: then the first key.
        command = data[26 : data.index(b"\0", 26)].decode()
        asked = None if command in _UNASKED_MONGO else command
        return Message(data, asked, writes=command in _MONGO_WRITES)

    async def reply(self, stream: StreamReader) -> bytes:
        length = await stream.readexactly(4)
        return length + await stream.readexactly(struct.unpack("<i", length)[0] - 4)


class Redis:
    """RESP, versions 2 and 3."""

    store = "redis"

    async def request(self, stream: StreamReader) -> Message:
        data = await self.reply(stream)
        command = data.split(b"\r\n", 3)[2].decode().upper()
        return Message(data, None if command in _UNASKED_REDIS else command)

    async def reply(self, stream: StreamReader) -> bytes:
        data = await stream.readuntil(b"\r\n")
        kind, size = data[:1], data[1:-2]
        if kind in b"$!=" and size != b"-1":
            data += await stream.readexactly(int(size) + 2)
        for _ in range(int(size) * (1 + (kind == b"%")) if kind in b"*~>%" else 0):
            data += await self.reply(stream)
        return data
