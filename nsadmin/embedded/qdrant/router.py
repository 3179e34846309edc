"""The table of calls: method and path template to handler."""

from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson

from nsadmin.embedded.qdrant.catalog import Catalog
from nsadmin.embedded.qdrant.convert.fields import Json, typed
from nsadmin.embedded.qdrant.errors import ApiError, malformed
from nsadmin.embedded.qdrant.strict.rates import RateLimiter


@dataclass(slots=True)
class Server:
    """The state that handlers share."""

    catalog: Catalog
    started: float
    rates: RateLimiter = field(default_factory=RateLimiter)
    answers: dict[tuple[str, str, int], int] = field(
        default_factory=lambda: defaultdict(int)
    )
    """Answers given, by method, path template and status."""


@dataclass(slots=True)
class Call:
    """One request, as a handler sees it."""

    server: Server
    method: str
    path: str
    names: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes
    chunks: AsyncIterator[bytes] | None = None
    """The unread body, for handlers that stream it."""

    @property
    def catalog(self) -> Catalog:
        """The collections."""
        return self.server.catalog

    def body(self) -> Json:
        """The JSON object of the request."""
        if not self.raw:
            raise malformed("EOF while parsing a value at line 1 column 0")
        try:
            return typed(orjson.loads(self.raw), dict)
        except orjson.JSONDecodeError as error:
            raise malformed(str(error)) from error

    def flag(self, name: str, *, default: bool) -> bool:
        """A boolean of the query string."""
        text = self.query.get(name)
        if text is None:
            return default
        if text not in ("true", "false"):
            why = "provided string was not `true` or `false`"
            raise ApiError(400, f"Deserialize error in query parameters: {name}: {why}")
        return text == "true"


@dataclass(frozen=True, slots=True)
class Plain:
    """An answer in plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Bare:
    """A JSON answer without the envelope."""

    value: Any


@dataclass(frozen=True, slots=True)
class Download:
    """A file as the answer."""

    path: Path


@dataclass(frozen=True, slots=True)
class Stream:
    """Bytes as the answer, while they are made; their number is not known before."""

    chunks: AsyncGenerator[bytes]


@dataclass(frozen=True, slots=True)
class Accepted:
    """Answer 202; the work continues after the answer."""


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """One call of the API."""

    method: str
    template: str
    handler: Handler
    writes: bool
    streams: bool = False

    @property
    def manages(self) -> bool:
        """Whether it needs the right to manage: it makes or takes whole copies."""
        return any(part.startswith("snapshot") for part in self.parts)

    @property
    def parts(self) -> tuple[str, ...]:
        """The template's segments; those in braces are names."""
        return segments(self.template)


class Router:
    """Collects routes by decorator and finds the one for a request."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, int], list[Route]] = defaultdict(list)

    def reads(self, method: str, template: str) -> Callable[[Handler], Handler]:
        """Register a call that changes nothing."""
        return self._adder(method, template, writes=False)

    def writes(
        self, method: str, template: str, *, streams: bool = False
    ) -> Callable[[Handler], Handler]:
        """Register a call that changes something."""
        return self._adder(method, template, writes=True, streams=streams)

    def _adder(
        self, method: str, template: str, *, writes: bool, streams: bool = False
    ) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            route = Route(method, template, handler, writes, streams)
            self._routes[method, len(route.parts)].append(route)
            return handler

        return add

    def find(self, method: str, path: tuple[str, ...]) -> Route | None:
        """The route for decoded path segments; fixed words win over names."""
        fitting = [
            route
            for route in self._routes[method, len(path)]
            if all(
                _fits(part, word) for part, word in zip(route.parts, path, strict=True)
            )
        ]
        return min(fitting, key=lambda route: route.template.count("{"), default=None)


def segments(path: str) -> tuple[str, ...]:
    """The decoded segments of a raw path; an encoded slash stays inside its segment."""
    return tuple(unquote(part) for part in path.split("/") if part)


def names_in(route: Route, path: tuple[str, ...]) -> dict[str, str]:
    """The values of a template's names in a path."""
    pairs = zip(route.parts, path, strict=True)
    return {part[1:-1]: word for part, word in pairs if part.startswith("{")}


def _fits(part: str, word: str) -> bool:
    return part.startswith("{") or part == word


router = Router()
