"""A MongoDB that finds a list of dates between any two times, before the embedded one.

MongoDB compares each element of a list by itself, so one with an early and a late date
is within every range, and it is found again and again. The embedded server does not.
"""

import struct
from asyncio import StreamReader
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bson

from tests.faults.proxy import running_proxies
from tests.faults.transport import Message, Mongo

# The header, the flags and the kind of the only section.
_BEFORE = 16 + 4 + 1
_OPTIONS: Any = bson.CodecOptions(tz_aware=True)


class ListsOfDates(Mongo):
    """Puts a document at the end of each page of changes that is read."""

    def __init__(self, odd: dict[str, Any]) -> None:
        self._odd = odd
        self._limits: dict[int, int] = {}

    async def request(self, stream: StreamReader) -> Message:
        message = await super().request(stream)
        if message.asks == "find":
            asked = bson.decode(message.data[_BEFORE:])
            if isinstance(asked.get("filter", {}).get("updated_at"), dict):
                number = struct.unpack_from("<i", message.data, 4)[0]
                self._limits[number] = int(asked["limit"])
        return message

    async def reply(self, stream: StreamReader) -> bytes:
        data = await super().reply(stream)
        limit = self._limits.pop(struct.unpack_from("<i", data, 8)[0], None)
        return data if limit is None else self._with_odd(data, limit)

    def _with_odd(self, data: bytes, limit: int) -> bytes:
        told = bson.decode(data[_BEFORE:], _OPTIONS)
        page = told["cursor"]["firstBatch"][: limit - 1]
        told["cursor"] |= {"firstBatch": [*page, self._odd], "id": bson.Int64(0)}
        body = bson.encode(told)
        return struct.pack("<i", _BEFORE + len(body)) + data[4:16] + bytes(5) + body


@contextmanager
def finding(settings: Any, odd: dict[str, Any]) -> Iterator[None]:
    """Let this process find this document in every page of changes."""
    url = settings.NSADMIN_MONGODB_URL
    with running_proxies() as proxies:
        settings.NSADMIN_MONGODB_URL = proxies.before(ListsOfDates(odd), url)
        try:
            yield
        finally:
            settings.NSADMIN_MONGODB_URL = url
