"""One file out of a multipart body, written to disk while it comes in."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

from nsadmin.embedded.qdrant.errors import bad_request

MAX_PART_HEADERS = 8192
_BOUNDARY = re.compile(r'boundary="?([^\s";]{1,70})"?', re.IGNORECASE)


async def save_upload(
    content_type: str, chunks: AsyncIterator[bytes], path: Path
) -> None:
    """Write the first part of a multipart body to `path`."""
    found = _BOUNDARY.search(content_type)
    if not content_type.lower().startswith("multipart/form-data") or found is None:
        raise bad_request("expected a multipart/form-data body with a snapshot file")
    closing = b"\r\n--" + found[1].encode()
    waiting = await _past_headers(chunks, closing[2:])
    with path.open("wb") as file:
        while True:
            before, boundary, _after = waiting.partition(closing)
            if boundary:
                file.write(before)
                return
            # The boundary may be cut in two by the end of this piece.
            keep = len(closing) - 1
            file.write(waiting[:-keep])
            waiting = waiting[-keep:] + await _more(chunks)


async def _past_headers(chunks: AsyncIterator[bytes], opening: bytes) -> bytes:
    """Read the first part's headers up to the blank line; return the bytes after it."""
    head = b""
    while b"\r\n\r\n" not in head:
        if len(head) > MAX_PART_HEADERS:
            raise bad_request("the headers of the uploaded part are too long")
        head += await _more(chunks)
    if not head.startswith(opening):
        raise bad_request("the body does not begin with its boundary")
    return head.partition(b"\r\n\r\n")[2]


async def _more(chunks: AsyncIterator[bytes]) -> bytes:
    async for chunk in chunks:
        if chunk:
            return chunk
    raise bad_request("the uploaded body ends too early")
