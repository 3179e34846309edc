"""Seeding, once per data directory and set of servers."""

from collections.abc import Callable
from typing import Any

from nsadmin.embedded.datadir import SEED, DataDirectory
from nsadmin.embedded.servers import local
from nsadmin.embedded.servers.local import Servers
from nsadmin.embedded.supervision.follow import follow
from nsadmin.embedded.supervision.processes import command
from nsadmin.embedded.supervision.supervisor import Supervisor

# Prefix of the command's progress lines, which the demo prints.
MARK = "seed: "


async def seed_once(
    directory: DataDirectory,
    used: Servers,
    supervisor: Supervisor,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """Seed, unless these servers were seeded from this directory before.

    Only the first seed has the keys in plain text, so its result is kept. An
    interrupted seed is repeated.
    """
    sources = _sources(used)
    kept = directory.read(SEED)
    if kept.get("sources") == sources:
        return kept
    tell("seeding")
    result = directory.path / "seed-result.json"
    process = command("seed_demo", "--result", str(result))
    async with follow(supervisor.log_of(process.name), mark=MARK, tell=tell):
        await supervisor.run(process)
    kept = directory.read(result.name) | {"sources": sources}
    directory.write(SEED, kept)
    result.unlink()
    tell("seeded")
    return kept


async def set_apps(
    directory: DataDirectory,
    supervisor: Supervisor,
    seed: dict[str, Any],
    *,
    on: bool,
) -> dict[str, Any]:
    """Give logins without an authenticator app one, or take away what a start gave.

    Return the seed, in which each login whose app is the demo's has its `totp_secret`.
    """
    given = directory.read("apps.json")
    if on or given:
        result = directory.path / "apps.json"
        process = command(
            "demo_apps", *([] if on else ["--off"]), "--result", str(result)
        )
        await supervisor.run(process)
        given = directory.read(result.name)
    logins = [
        login | {"totp_secret": given[login["email"]]}
        if login["email"] in given
        else login
        for login in seed["logins"]
    ]
    return seed | {"logins": logins}


def _sources(used: Servers) -> dict[str, str]:
    """The servers that hold the seeded data; ports of embedded ones may move."""
    variables = {**local.URLS, "database": "DATABASE_URL"}
    del variables["redis"]
    embedded = {process.name for process in used.processes}
    return {
        name: "embedded" if name in embedded else used.env.get(variable, "")
        for name, variable in variables.items()
    }
