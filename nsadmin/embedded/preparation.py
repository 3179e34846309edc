"""Migrating and collecting static files, when something changed since the last time.

Either needs seconds, most of them to load the application, and a second start of the
demo is to be quick.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from nsadmin.embedded.datadir import DataDirectory
from nsadmin.embedded.processes import ROOT, command
from nsadmin.embedded.supervisor import Supervisor

MARKER = "prepared.json"
SOURCES = (
    "static/**/*",
    "nsadmin/**/static/**/*",
    "nsadmin/**/migrations/*.py",
    "nsadmin/settings.py",
)


async def prepare(
    directory: DataDirectory,
    supervisor: Supervisor,
    tell: Callable[[str], None],
    *,
    own_database: bool,
) -> None:
    """Make the database and the static files what the sources say.

    The database of someone else may have been emptied, so it is always migrated.
    """
    wanted = {"sources": fingerprint()}
    known = directory.read(MARKER) == wanted

    async def run(name: str, sentence: str) -> None:
        await supervisor.run(command(name, "--noinput"))
        tell(sentence)

    steps = []
    if not (known and own_database and (directory.path / "nsadmin.sqlite3").exists()):
        steps.append(run("migrate", "database migrated"))
    if not (known and (directory.path / "static" / "staticfiles.json").exists()):
        steps.append(run("collectstatic", "static files collected"))
    await asyncio.gather(*steps)
    directory.write(MARKER, wanted)


def fingerprint() -> str:
    """A digest of all that migrations and static files are made from.

    Other packages bring some of them too; they count by name and version.
    """
    digest = hashlib.sha256()
    for path in _sources():
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    for package in sorted(_packages()):
        digest.update(f"{package}\n".encode())
    return digest.hexdigest()


def _sources() -> list[Path]:
    found = {path for pattern in SOURCES for path in ROOT.glob(pattern)}
    return sorted(path for path in found if path.is_file())


def _packages() -> Iterator[str]:
    import django

    for path in Path(django.__file__).parents[1].glob("*.dist-info"):
        yield path.name
