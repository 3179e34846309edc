"""The ASGI application: reads a request, finds its handler, wraps the answer."""

import asyncio
import contextlib
import os
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson

import nsadmin.embedded.qdrant.routes  # noqa: F401 - fills the router
from nsadmin.embedded.qdrant.access import Keys, UnauthorizedError
from nsadmin.embedded.qdrant.catalog import Catalog
from nsadmin.embedded.qdrant.disk import is_full_disk
from nsadmin.embedded.qdrant.errors import ApiError, full_disk, malformed
from nsadmin.embedded.qdrant.router import (
    Accepted,
    Bare,
    Call,
    Download,
    Plain,
    Route,
    Server,
    Stream,
    names_in,
    router,
    segments,
)

MAX_BODY = 32 * 1024 * 1024
MAX_DRAINED = 8 * MAX_BODY
FLUSH_SECONDS = 5.0
CHUNK = 1 << 20

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, bytes, str, int | None]

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


class App:
    """The server over one data directory."""

    def __init__(
        self, catalog: Catalog, keys: Keys, *, max_body: int = MAX_BODY
    ) -> None:
        self._server = Server(catalog, time.time())
        self._keys = keys
        self._max_body = max_body
        self._ticker: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or the process's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    # -- start and end

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._ticker = asyncio.create_task(self._tick())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._ticker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._ticker
        await self._server.catalog.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self._server.catalog.tick()

    # -- one request

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        raw_path = scope["raw_path"].decode("latin-1").partition("?")[0]
        path = segments(raw_path)
        route = router.find(scope["method"], path)
        body = _Body(receive)
        result: Any = None
        try:
            result = await self._result(scope, path, route, body)
            answer = _answer(result, started)
        except UnauthorizedError as refusal:
            answer = 401, str(refusal).encode(), TEXT, None
        except ApiError as error:
            answer = _refusal(error, started)
        except RecursionError:
            answer = _refusal(malformed("recursion limit exceeded"), started)
        except Exception as error:  # noqa: BLE001 - a bug must not take the connection
            answer = _refusal(_fault(error), started)
        if route is not None:
            self._server.answers[route.method, route.template, answer[0]] += 1
        # A client that still sends would miss an answer given before its last byte.
        await body.drain()
        if isinstance(result, Download):
            await _send_file(send, result.path)
        elif isinstance(result, Stream):
            await _send_stream(send, result.chunks)
        else:
            await _send(send, answer)

    async def _result(
        self, scope: Scope, path: tuple[str, ...], route: Route | None, body: "_Body"
    ) -> Any:
        headers = {
            k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]
        }
        plain_path = "/" + "/".join(path)
        writes = route is not None and route.writes
        manages = route is not None and route.manages
        self._keys.check(plain_path, headers, writes=writes, manages=manages)
        if route is None:
            return None
        call = Call(
            server=self._server,
            method=scope["method"],
            path=plain_path,
            names=names_in(route, path),
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"))),
            headers=headers,
            raw=b"",
        )
        if route.streams:
            call.chunks = body.chunks()
        else:
            call.raw = await body.read(self._max_body, headers.get("content-length"))
        return await route.handler(call)


class _Body:
    """The request's body as it comes in."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._more = True

    async def chunks(self) -> AsyncIterator[bytes]:
        while self._more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._more = False
                raise ApiError(400, "Bad request: the connection was closed")
            self._more = message.get("more_body", False)
            yield message.get("body", b"")

    async def read(self, limit: int, stated: str | None) -> bytes:
        """The whole body; a larger one than the limit is refused at its end."""
        parts, size = [], 0
        async for chunk in self.chunks():
            size += len(chunk)
            if size <= limit:
                parts.append(chunk)
            elif parts:
                parts.clear()
        if size > limit:
            text = f"has exceeded limit ({limit} bytes)."
            if stated is not None:
                text = f"({size} bytes) is larger than allowed (limit: {limit} bytes)."
            raise ApiError(400, f"Payload error: JSON payload {text}")
        return b"".join(parts)

    async def drain(self) -> None:
        size = 0
        with contextlib.suppress(ApiError):
            async for chunk in self.chunks():
                size += len(chunk)
                if size > MAX_DRAINED:
                    return


def _answer(result: Any, started: float) -> Answer:
    if result is None:
        return 404, b"", TEXT, None
    if isinstance(result, Plain):
        return 200, result.text.encode(), TEXT, None
    if isinstance(result, Bare):
        return 200, orjson.dumps(result.value), JSON, None
    if isinstance(result, Download | Stream):
        return 200, b"", JSON, None
    spent = time.perf_counter() - started
    if isinstance(result, Accepted):
        return 202, orjson.dumps({"status": "accepted", "time": spent}), JSON, None
    envelope = {"result": result, "status": "ok", "time": spent}
    return 200, orjson.dumps(envelope, option=orjson.OPT_SERIALIZE_NUMPY), JSON, None


def _fault(error: Exception) -> ApiError:
    if is_full_disk(error):
        return full_disk()
    traceback.print_exception(error)
    return ApiError(500, "Service internal error: see the server's log")


def _refusal(error: ApiError, started: float) -> Answer:
    if error.is_plain:
        return error.status, error.message.encode(), TEXT, error.retry_after
    spent = time.perf_counter() - started
    body = orjson.dumps({"status": {"error": error.message}, "time": spent})
    return error.status, body, JSON, error.retry_after


async def _send(send: Send, answer: Answer) -> None:
    status, body, kind, retry_after = answer
    headers = [(b"content-length", str(len(body)).encode())]
    if body:
        headers.append((b"content-type", kind.encode()))
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_stream(send: Send, chunks: AsyncGenerator[bytes]) -> None:
    """Send chunks; what they raise cuts the connection, so the end is never clean."""
    headers = [(b"content-type", b"application/octet-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async with contextlib.aclosing(chunks):
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _send_file(send: Send, path: Path) -> None:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        headers = [
            (b"content-type", b"application/octet-stream"),
            (b"content-length", str(size).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
