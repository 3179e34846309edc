"""The demo's addresses and logins: `demo.json` for programs, a table for people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nsadmin.embedded.servers.local import Servers

COLUMNS = ("email", "password", "role", "organization_id")


def summary(
    url: str,
    servers: Servers,
    seed: Mapping[str, Any],
    pids: Mapping[str, int],
    mails: Path,
) -> dict[str, Any]:
    """The content of `demo.json`."""
    return {
        "url": url,
        "mongodb_url": servers.mongodb_url,
        "mongodb_database": servers.mongodb_database,
        "redis_url": servers.redis_url,
        "database_url": servers.database_url,
        "qdrant": {
            "shared": servers.qdrant("qdrant"),
            "dedicated": servers.qdrant("qdrant_dedicated"),
        },
        "mail": str(mails),
        "logins": seed["logins"],
        "api_keys": seed["api_keys"],
        "namespaces": seed["namespaces"],
        "processes": dict(sorted(pids.items())),
    }


def table(logins: Sequence[Mapping[str, Any]]) -> list[str]:
    """The logins as lines of a table."""
    has_apps = any("totp_secret" in login for login in logins)
    columns = (*COLUMNS, "totp_secret") if has_apps else COLUMNS
    rows = [
        columns,
        *(tuple(str(login.get(name) or "") for name in columns) for login in logins),
    ]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return [line.rstrip() for line in lines]
