"""Atomic file operations."""

import asyncio
import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import orjson

_CHUNK = 1 << 20
# How cp and tar tell that they could not write all.
_FULL = ("No space left on device", "Wrote only")


def write_json(path: Path, value: Any, *, durable: bool = True) -> None:
    """Replace a JSON file in one step; a reader sees the old one or the new one."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(orjson.dumps(value))
            if durable:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    if durable:
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make renames inside a directory survive a loss of power."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_json(path: Path) -> Any:
    """A JSON file's value, or None when it is missing or unreadable."""
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None


def remove_tree(path: Path) -> None:
    """Delete a directory; missing files are no error."""
    shutil.rmtree(path, ignore_errors=True)


async def run_tool(*words: str | Path) -> None:
    """Run a system program without holding up the event loop."""
    process = await asyncio.create_subprocess_exec(
        *("env", "LC_ALL=C", *words), stderr=asyncio.subprocess.PIPE
    )
    try:
        _, complaint = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        text = complaint.decode(errors="replace").strip()
        # The program tells its error in words alone.
        is_full = any(sign in text for sign in _FULL)
        number = errno.ENOSPC if is_full else errno.EIO
        raise OSError(number, f"{words[0]} failed: {text}")


async def copy_tree(source: Path, target: Path) -> None:
    """Copy a directory, keeping the holes of its sparse files."""
    await run_tool("cp", "-a", "--sparse=always", "--", source, target)


def file_sha256(path: Path) -> str:
    """The checksum of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_full_disk(error: BaseException) -> bool:
    """Whether an error says that the disk has no room."""
    return isinstance(error, OSError) and error.errno == errno.ENOSPC


async def pack(bundle: Path, archive: Path) -> None:
    """Write all that a directory has into a tar file."""
    await run_tool("tar", "--sparse", "-cf", archive, "-C", bundle, ".")


async def packed(bundle: Path) -> AsyncGenerator[bytes]:
    """All that a directory has as the pieces of a tar file."""
    process = await asyncio.create_subprocess_exec(
        *("tar", "--sparse", "-cf", "-", "-C", bundle, "."),
        stdout=asyncio.subprocess.PIPE,
        limit=_CHUNK,
    )
    try:
        if process.stdout is None:
            raise OSError(errno.EIO, "tar has no output")
        while chunk := await process.stdout.read(_CHUNK):
            yield chunk
        if await process.wait() != 0:
            raise OSError(errno.EIO, "tar failed")
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
