"""One answer of a cluster with the points of all its collections: GET /metrics.

The answer has Prometheus' text form and some hundred bytes for each collection, so it
is read piece by piece, within a limit of bytes and a deadline; of its lines, only those
that are needed are kept. A server of several nodes tells about the node that answers.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass, field
from typing import Final

from nsadmin.errors import NsadminError, Unavailable, UpstreamError
from nsadmin.stores.qdrant.answers import (
    LARGEST,
    NAME_LENGTH,
    MalformedAnswer,
    TooManyValues,
)
from nsadmin.stores.qdrant.cluster import Cluster, http, refusal, translate_errors
from nsadmin.stores.qdrant.transport import DOWNLOAD, Download

# The longest wait for a first or a next piece of the answer.
_STALL_S: Final = 10
_LONGEST_LINE: Final = 16 * 1024
_MOST_COLLECTIONS: Final = 1_000_000
_POINTS = b"collection_points{"
_RUNNING = b"collection_running_optimizations{"
# {name of a figure of the whole server: the field of Counts}
_OF_SERVER = {
    b"collections_total": "collections",
    b"collection_dead_replicas": "dead_replicas",
    b"cluster_peers_total": "nodes",
    b"memory_resident_bytes": "memory",
}
_WANTED = (_POINTS, _RUNNING, *_OF_SERVER)
_OF_COLLECTION = re.compile(
    rb'[a-z_]{1,40}\{id="((?:[^"\\\n]|\\[\\"n]){1,600})"\} ([^ \n]{1,60})(?: \d{1,20})?'
)
_OF_ALL = re.compile(rb"([a-z_]{1,40}) ([^ \n]{1,60})(?: \d{1,20})?")
_ESCAPED = re.compile(r'\\([\\"n])')


@dataclass(slots=True)
class Counts:
    """The points of each collection, and those collections that optimize now.

    A figure of the whole server is None if the server does not tell it. `size` is the
    length of the answer in bytes.
    """

    points: dict[str, int] = field(default_factory=dict)
    optimizing: set[str] = field(default_factory=set)
    collections: int | None = None
    dead_replicas: int | None = None
    nodes: int | None = None
    memory: int | None = None
    size: int = 0


def counts(cluster: Cluster, *, timeout_s: float, most_bytes: int) -> Counts:
    """Return the counts of all collections of a cluster, or of the node that answers.

    Raises Unavailable for no answer or a slow one, UpstreamError for a refusal,
    MalformedAnswer for an answer that is too large or says what cannot be true.
    """
    limits = {DOWNLOAD: Download(most_bytes, min(_STALL_S, timeout_s))}
    with (
        translate_errors(),
        http(cluster).stream(
            "GET", "/metrics", timeout=timeout_s, extensions=limits
        ) as answer,
    ):
        if answer.status_code != 200:
            raise refusal(answer.status_code, answer.read().decode(errors="replace"))
        return parse(answer.iter_raw())


def is_refused(failure: NsadminError) -> bool:
    """Tell whether a failure of `counts` will last: the server has no such answer."""
    return isinstance(failure, UpstreamError) and not isinstance(failure, Unavailable)


def parse(pieces: Iterable[bytes]) -> Counts:
    """Return the counts in the pieces of an answer; raise MalformedAnswer."""
    found = Counts()
    for line in _lines(pieces, found):
        if line.startswith(_WANTED):
            _take(line, found)
    return found


def _lines(pieces: Iterable[bytes], found: Counts) -> Iterator[bytes]:
    """Yield the lines, and add up the bytes; the last line may lack its end."""
    rest = b""
    for piece in pieces:
        found.size += len(piece)
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            raise MalformedAnswer.of("a line of it is too long")
        yield from lines
    yield rest


def _take(line: bytes, found: Counts) -> None:
    line = line.rstrip(b"\r ")
    if line.startswith((_POINTS, _RUNNING)):
        read = _OF_COLLECTION.fullmatch(line)
        if read is None:
            raise MalformedAnswer.of("a count of a collection cannot be read")
        _take_collection(line, _name(read[1]), _count(read[2]), found)
        return
    whole = _OF_ALL.fullmatch(line)
    if whole is not None and whole[1] in _OF_SERVER:
        setattr(found, _OF_SERVER[whole[1]], _count(whole[2]))


def _take_collection(line: bytes, name: str, count: int, found: Counts) -> None:
    if line.startswith(_RUNNING):
        if count:
            found.optimizing.add(name)
            _require_few(found.optimizing)
        return
    if name in found.points:
        raise MalformedAnswer.of("it counts a collection twice")
    found.points[name] = count
    _require_few(found.points)


def _require_few(found: Sized) -> None:
    if len(found) > _MOST_COLLECTIONS:
        raise TooManyValues.of("it has too many collections")


def _name(text: bytes) -> str:
    try:
        name = text.decode()
    except UnicodeDecodeError:
        raise MalformedAnswer.of("the name of a collection is not UTF-8") from None
    if "\\" in name:
        name = _ESCAPED.sub(lambda m: "\n" if m[1] == "n" else m[1], name)
    if len(name) > NAME_LENGTH:
        raise MalformedAnswer.of("the name of a collection is too long")
    return name


def _count(text: bytes) -> int:
    """Return a figure as a whole number that SQL takes."""
    try:
        figure = float(text)
    except ValueError:
        figure = math.nan
    if not 0 <= figure < LARGEST:  # false for NaN too
        raise MalformedAnswer.of("a count of it cannot be true")
    return round(figure)
