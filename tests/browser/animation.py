"""Still WebP pictures of one size joined into an animated one.

The container is made here: each still becomes a frame as it is. See the chunks ANIM and
ANMF of the container specification of WebP.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_PIXELS = (b"ALPH", b"VP8 ", b"VP8L")
_IS_ANIMATED = 0x02
_NO_BLENDING = 0x02
_HEADER = 12  # RIFF, the size, WEBP


class Frame(NamedTuple):
    """A still WebP picture, and how long it is shown."""

    still: bytes
    milliseconds: int


def animated(frames: Sequence[Frame], *, width: int, height: int) -> bytes:
    """Return the animation, which is repeated for ever."""
    size = _three(width - 1) + _three(height - 1)
    body = _chunk(b"VP8X", bytes([_IS_ANIMATED, 0, 0, 0]) + size)
    body += _chunk(b"ANIM", struct.pack("<IH", 0xFFFFFFFF, 0))
    for frame in frames:
        place = _three(0) + _three(0) + size + _three(frame.milliseconds)
        pixels = b"".join(
            _chunk(name, data) for name, data in _chunks(frame.still) if name in _PIXELS
        )
        body += _chunk(b"ANMF", place + bytes([_NO_BLENDING]) + pixels)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = _HEADER
    while at + 8 <= len(picture):
        [size] = struct.unpack_from("<I", picture, at + 4)
        yield picture[at : at + 4], picture[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
