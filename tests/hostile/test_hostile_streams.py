"""A shard's stream meets every way in which its source and its target may fail.

Each ends with an error of ours that names the side, by its deadline; where the source
failed, the target never sees the end of a body.
"""

import hashlib
import threading
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from nsadmin.errors import NsadminError, Unavailable, UpstreamError
from nsadmin.stores.qdrant import shards
from nsadmin.stores.qdrant.answers import AnswerTooLarge, MalformedAnswer
from nsadmin.stores.qdrant.bulk.exchange import BodyTooLarge
from nsadmin.stores.qdrant.cluster import Cluster
from tests.hostile import streaming as peers
from tests.hostile.streaming import CHUNKED, OK, PIECE, Peer, Script

ARCHIVE = bytes(range(256)) * 4096
SLACK_S = 20
LONG_S = 60.0


@dataclass
class Stream:
    """One stream between two peers; `run` makes it, and keeps what came out."""

    source: Script = field(default_factory=lambda: peers.sends(ARCHIVE))
    target: Script = field(default_factory=peers.takes)
    within_s: float = LONG_S
    stall_s: float = LONG_S
    most_bytes: int = 2**40
    on_bytes: Callable[[int], None] = lambda _: None

    def run(self) -> tuple[shards.Streamed, Peer]:
        with Peer(self.source) as source, Peer(self.target) as target:
            try:
                found = shards.stream(
                    *(Cluster(source.url), "one", Cluster(target.url), "two", 0),
                    on_bytes=self.on_bytes,
                    within_s=self.within_s,
                    stall_s=self.stall_s,
                    most_bytes=self.most_bytes,
                )
            finally:
                self.saw_the_end = target.saw_the_end
        return found, target

    def failure(self) -> NsadminError:
        """Return the error that it ends with, by its limits."""
        began = time.monotonic()
        with pytest.raises(NsadminError) as caught:
            self.run()
        limit = min(self.within_s, self.stall_s)
        assert time.monotonic() - began < (limit if limit < LONG_S else 0) + SLACK_S
        return caught.value


def test_a_good_stream_passes() -> None:
    sizes: list[int] = []
    found, target = Stream(on_bytes=sizes.append).run()
    assert found.bytes == len(ARCHIVE) == sum(sizes)
    assert found.sha256 == hashlib.sha256(ARCHIVE).hexdigest()
    assert target.saw_the_end
    assert target.taken > len(ARCHIVE), "the form is around it"


SHORT = b"Content-Length: 1000\r\n\r\n"
SOURCES: dict[str, tuple[Script, type[NsadminError]]] = {
    "ends at once": (peers.says(b""), Unavailable),
    "ends within its head": (peers.says(b"HTTP/1.1 200"), Unavailable),
    "ends before a chunk": (peers.says(OK + CHUNKED), Unavailable),
    "ends within a chunk": (peers.says(OK + CHUNKED + b"ff\r\nabc"), Unavailable),
    "ends after a chunk": (
        peers.says(OK + CHUNKED + peers.chunk(b"x" * 99_999)),
        Unavailable,
    ),
    "ends before its length": (peers.says(OK + SHORT + b"abc"), Unavailable),
    "is reset": (peers.cuts(b"x" * 300_000), Unavailable),
    "has no end": (peers.says(OK + b"\r\nabc"), MalformedAnswer),
    "is packed": (
        peers.says(OK + b"Content-Encoding: gzip\r\n" + SHORT),
        MalformedAnswer,
    ),
    "is no chunk": (peers.says(OK + CHUNKED + b"zz\r\n", stays=True), MalformedAnswer),
    "is not HTTP": (peers.says(b"220 mail\r\n\r\n", stays=True), MalformedAnswer),
    "is forbidden": (peers.says(peers.refusal("403 No", "No")), UpstreamError),
    "is not found": (peers.says(peers.answer("404 No", b"Not found")), UpstreamError),
    "fails": (peers.says(peers.refusal("500 No", "disk")), Unavailable),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_that_fails(name: str) -> None:
    script, kind = SOURCES[name]
    stream = Stream(source=script)
    error = stream.failure()
    assert type(error) is kind
    assert error.details["side"] == "source"
    assert not stream.saw_the_end


HEAD = OK + CHUNKED + peers.chunk(b"abc")
SLOW_SOURCES: dict[str, tuple[Script, dict[str, float]]] = {
    "never answers": (peers.says(b"", stays=True), {"stall_s": 0.3}),
    "stops": (peers.says(HEAD, stays=True), {"stall_s": 0.3}),
    "drips": (peers.drips(0.02), {"within_s": 0.5, "stall_s": 5}),
    "floods": (peers.floods(), {"within_s": 0.5}),
}


@pytest.mark.parametrize("name", SLOW_SOURCES)
def test_a_source_that_is_slow(name: str) -> None:
    script, limits = SLOW_SOURCES[name]
    stream = Stream(source=script, **limits)  # type: ignore[arg-type]
    assert type(stream.failure()) is Unavailable
    assert not stream.saw_the_end


def test_a_source_without_an_end_is_bounded() -> None:
    sizes: list[int] = []
    stream = Stream(peers.floods(), most_bytes=10 * PIECE, on_bytes=sizes.append)
    error = stream.failure()
    assert type(error) is AnswerTooLarge
    assert error.details["side"] == "source"
    assert sum(sizes) <= 10 * PIECE
    assert not stream.saw_the_end


REFUSALS: dict[str, tuple[bytes, type[NsadminError]]] = {
    "forbids": (peers.refusal("403 No", "Global manage access"), UpstreamError),
    "finds it too large": (peers.refusal("413 No", "too large"), BodyTooLarge),
    "has a full disk": (
        peers.refusal("500 No", "No space left on device"),
        Unavailable,
    ),
}


@pytest.mark.parametrize("stays", [True, False])
@pytest.mark.parametrize("after", [1, 500_000])
@pytest.mark.parametrize("name", REFUSALS)
def test_a_target_that_refuses_while_it_is_sent_to(
    name: str, after: int, *, stays: bool
) -> None:
    reply, kind = REFUSALS[name]
    script = peers.refuses_early(reply, after, stays=stays)
    error = Stream(peers.floods(), script).failure()
    assert type(error) is kind
    assert error.details["side"] == "target"
    status = int(reply.split()[1])
    assert error.details["status"] == status


TARGETS: dict[str, tuple[Script, type[NsadminError]]] = {
    "ends at once": (peers.says(b""), Unavailable),
    "is full at the end": (
        peers.takes(peers.refusal("500 No", "No space left on device")),
        Unavailable,
    ),
    "says false": (
        peers.takes(peers.answer("200 OK", b'{"result": false}')),
        MalformedAnswer,
    ),
    "says nothing": (peers.takes(peers.answer("200 OK", b"")), MalformedAnswer),
    "is not HTTP": (peers.takes(b"220 mail\r\n\r\n"), MalformedAnswer),
    "is done too early": (
        peers.refuses_early(peers.answer("200 OK", peers.TRUE), 1, stays=True),
        MalformedAnswer,
    ),
}


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_that_fails(name: str) -> None:
    script, kind = TARGETS[name]
    source = peers.floods() if name == "is done too early" else peers.sends(ARCHIVE)
    error = Stream(source, script).failure()
    assert type(error) is kind
    assert error.details["side"] == "target"


SLOW_TARGETS: dict[str, tuple[Script, Script, dict[str, float]]] = {
    "never reads": (peers.floods(), peers.never_reads(), {"stall_s": 0.3}),
    "never answers": (peers.sends(ARCHIVE), peers.never_answers(), {"within_s": 0.5}),
    "drips": (peers.sends(ARCHIVE), peers.drips_its_answer(), {"within_s": 0.5}),
}


@pytest.mark.parametrize("name", SLOW_TARGETS)
def test_a_target_that_is_slow(name: str) -> None:
    source, target, limits = SLOW_TARGETS[name]
    error = Stream(source, target, **limits).failure()  # type: ignore[arg-type]
    assert type(error) is Unavailable
    assert error.details["side"] == "target"


class Stopped(Exception):
    """What a job raises when it has to stop."""


@pytest.mark.parametrize(
    "failure", [Stopped(), OSError("of ours"), KeyboardInterrupt()]
)
def test_what_the_callback_raises_ends_the_stream(failure: BaseException) -> None:
    seen: list[int] = []

    def stop(size: int) -> None:
        seen.append(size)
        if sum(seen) > 300_000:
            raise failure

    stream = Stream(peers.floods(), on_bytes=stop)
    with pytest.raises(type(failure)) as caught:
        stream.run()
    assert caught.value is failure
    assert not stream.saw_the_end


def test_memory_stays_flat() -> None:
    """Of 64 MB that pass, no more than a few pieces are kept."""
    content = OK + CHUNKED + peers.chunk(b"x" * PIECE) * 1024 + b"0\r\n\r\n"
    with Peer(peers.says(content)) as source, Peer(peers.takes()) as target:
        tracemalloc.start()
        try:
            found = shards.stream(
                *(Cluster(source.url), "one", Cluster(target.url), "two", 0),
                on_bytes=lambda _: None,
                within_s=LONG_S,
            )
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert found.bytes == 1024 * PIECE
    assert peak < 8 * 2**20


def test_no_thread_and_no_call_is_left() -> None:
    """After a failure the same clusters are called as always."""
    before = threading.active_count()
    for _ in range(3):
        Stream(peers.floods(), peers.never_reads(), stall_s=0.1).failure()
    found, _target = Stream().run()
    assert found.bytes == len(ARCHIVE)
    give_up = time.monotonic() + SLACK_S
    while threading.active_count() > before and time.monotonic() < give_up:
        time.sleep(0.02)
    assert threading.active_count() <= before
