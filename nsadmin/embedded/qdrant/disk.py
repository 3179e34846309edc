"""Atomic file operations."""

import asyncio
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import orjson


def write_json(path: Path, value: Any, *, durable: bool = True) -> None:
    """Replace a JSON file in one step; a reader sees the old one or the new one."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(orjson.dumps(value))
        if durable:
            file.flush()
            os.fsync(file.fileno())
    part.replace(path)
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
        *words, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, complaint = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        text = complaint.decode(errors="replace").strip()
        raise OSError(f"{words[0]} failed: {text}")


async def copy_tree(source: Path, target: Path) -> None:
    """Copy a directory, keeping the holes of its sparse files."""
    await run_tool("cp", "-a", "--sparse=always", "--", source, target)


def file_sha256(path: Path) -> str:
    """The checksum of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
