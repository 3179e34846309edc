"""A shard streamed from one collection into another, never on a disk of ours.

The source packs the shard while it is read, the target unpacks what it is sent. Only a
piece of it is in our memory. A stream that is cut reaches the target as a cut body, so
it refuses it; and a refusal of the target ends the reading.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from nsadmin.errors import NsadminError, Unavailable
from nsadmin.stores.qdrant import answers
from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.bulk import exchange
from nsadmin.stores.qdrant.cluster import Cluster, http, translate_errors
from nsadmin.stores.qdrant.shards.snapshot_files import shard_path
from nsadmin.stores.qdrant.transport import DOWNLOAD, UPLOAD, Download, slow_answer

STALL_S: Final = 60.0
# More than a shard ever has: the deadline of the call ends an endless one before.
_MOST_BYTES: Final = 2**40

OnBytes = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Streamed:
    """What has passed: the number of bytes, and their SHA-256 in hex."""

    bytes: int
    sha256: str


class _Passage:
    """The body of the upload: the source's pieces within a multipart form."""

    def __init__(self, pieces: Iterator[bytes], on_bytes: OnBytes) -> None:
        self._pieces = pieces
        self._on_bytes = on_bytes
        self._boundary = secrets.token_hex(24)
        self._digest = hashlib.sha256()
        self._size = 0
        self.failure: Exception | None = None
        """What ended the body before its end; it is the cause of all that follows."""
        self.is_whole = False

    @property
    def content_type(self) -> str:
        """The type of the body, with its boundary."""
        return f"multipart/form-data; boundary={self._boundary}"

    def __iter__(self) -> Iterator[bytes]:
        yield (
            f"--{self._boundary}\r\n"
            'Content-Disposition: form-data; name="snapshot"; filename="shard.snapshot"'
            "\r\nContent-Type: application/octet-stream\r\n\r\n"
        ).encode()
        try:
            for piece in self._pieces:
                self._digest.update(piece)
                self._size += len(piece)
                self._on_bytes(len(piece))
                yield piece
            # What follows makes the target take the shard, so it may be stopped here.
            self._on_bytes(0)
        except Exception as failure:
            self.failure = failure
            raise
        yield f"\r\n--{self._boundary}--\r\n".encode()
        self.is_whole = True

    def streamed(self) -> Streamed:
        """What has passed so far."""
        return Streamed(self._size, self._digest.hexdigest())


def stream(
    source: Cluster,
    source_name: str,
    target: Cluster,
    target_name: str,
    shard_id: int,
    *,
    on_bytes: OnBytes,
    within_s: float,
    stall_s: float = STALL_S,
    most_bytes: int = _MOST_BYTES,
) -> Streamed:
    """Replace a shard of the target by the same shard of the source.

    `on_bytes` is told the size of each piece before it is sent, 0 before the end, and
    what it raises ends the stream and is raised. The whole ends within `within_s`, and
    no side may rest for `stall_s` while bytes pass. In the details of an error `side`
    is source or target. After an error the target has its old content, or it has
    finished nonetheless.
    """
    until = time.monotonic() + within_s
    path = f"{shard_path(source_name, shard_id)}/snapshot"
    into = f"{shard_path(target_name, shard_id)}/snapshots/upload"
    limits = {DOWNLOAD: Download(most_bytes, stall_s)}
    with ExitStack() as stack:
        with _side("source"):
            download = http(source).stream(
                "GET", path, timeout=within_s, extensions=limits
            )
            answer = stack.enter_context(download)
            _require_success(answer)
        passage = _Passage(_pieces(answer), on_bytes)
        with _side("target", passage):
            _upload(target, into, passage, until=until, stall_s=stall_s)
    return passage.streamed()


def _pieces(answer: httpx.Response) -> Iterator[bytes]:
    with _side("source"):
        try:
            yield from answer.iter_raw()
        except httpx.RemoteProtocolError:
            raise Unavailable(
                "Qdrant ended the stream of a shard too early.",
                code="qdrant_cut",
                details={"store": "qdrant"},
            ) from None
        except httpx.TimeoutException:
            raise slow_answer() from None


def _upload(
    target: Cluster, path: str, passage: _Passage, *, until: float, stall_s: float
) -> None:
    left = until - time.monotonic()
    if left <= 0:
        raise slow_answer()
    answer = http(target).post(
        path,
        params={"priority": "snapshot", "wait": "true"},
        content=passage,
        headers={"content-type": passage.content_type},
        timeout=left,
        extensions={UPLOAD: stall_s},
    )
    _require_success(answer)
    if not passage.is_whole:
        raise MalformedAnswer.of("it came before the whole shard was sent")
    if answers.result(answer.content) is not True:
        raise MalformedAnswer.of("it does not say that the shard was recovered")


def _require_success(answer: httpx.Response) -> None:
    if answer.status_code == 200:
        return
    text = answer.read().decode(errors="replace")
    raise exchange.refusal(answer.status_code, text, answer.headers.get("retry-after"))


@contextmanager
def _side(side: str, passage: _Passage | None = None) -> Iterator[None]:
    """Name the side in errors of its cluster.

    What ended the passage is raised instead of what followed from it.
    """
    try:
        with translate_errors():
            yield
    except Exception as error:
        if passage is not None and passage.failure is not None:
            raise passage.failure from None
        if isinstance(error, NsadminError) and "store" in error.details:
            error.details.setdefault("side", side)
        raise
