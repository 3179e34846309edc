"""A namespace store that refuses commands with an answer of ours, at the wire.

A refused command does not reach the store: a ping of the same number takes its place.
"""

import struct
from asyncio import StreamReader
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import bson

from nsadmin.stores.mongo import connection
from tests.faults.proxy import running_proxies
from tests.faults.transport import Message, Mongo

Answer = Mapping[str, Any]

_OP_MSG = 2013
_HEADER = struct.Struct("<iiii")


class Refusing(Mongo):
    """The store's protocol; while `answer` is set, these commands get it."""

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.commands: frozenset[str] = frozenset()
        self.refused: list[str] = []
        self._open: dict[int, Answer] = {}

    async def request(self, stream: StreamReader) -> Message:
        message = await super().request(stream)
        command, answer = message.asks, self.answer
        if command is None or answer is None:
            return message
        if self.commands and command not in self.commands:
            return message
        number = _HEADER.unpack_from(message.data)[1]
        self._open[number] = answer
        self.refused.append(command)
        return Message(_message(number, 0, {"ping": 1, "$db": "admin"}), command)

    async def reply(self, stream: StreamReader) -> bytes:
        data = await super().reply(stream)
        _, number, to, _ = _HEADER.unpack_from(data)
        answer = self._open.pop(to, None)
        return data if answer is None else _message(number, to, answer)

    @contextmanager
    def refusing(self, answer: Answer, *commands: str) -> Iterator[None]:
        """Answer so to these commands, or to every one."""
        self.commands, self.answer = frozenset(commands), answer
        try:
            yield
        finally:
            self.answer = None


def _message(number: int, to: int, body: Answer) -> bytes:
    encoded = bson.encode(body)
    size = _HEADER.size + 5 + len(encoded)
    return _HEADER.pack(size, number, to, _OP_MSG) + bytes(5) + encoded


@contextmanager
def before_the_store(settings: Any) -> Iterator[Refusing]:
    """Put it before the store that the settings name."""
    direct, refusing = settings.NSADMIN_MONGODB_URL, Refusing()
    with running_proxies() as proxies:
        settings.NSADMIN_MONGODB_URL = proxies.before(refusing, direct)
        try:
            yield refusing
        finally:
            connection.close()
            settings.NSADMIN_MONGODB_URL = direct


def failed(code: int, name: str, **more: Any) -> Answer:
    """Return the answer to a command that failed."""
    return {"ok": 0.0, "errmsg": f"{name} at 10.1.2.3", "code": code, **more}


def write_failed(code: int, message: str, **more: Any) -> Answer:
    """Return the answer to a write whose first document was refused."""
    refused = {"index": 0, "code": code, "errmsg": message, **more}
    return {"ok": 1.0, "n": 0, "nModified": 0, "writeErrors": [refused]}
