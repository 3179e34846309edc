"""Migrations and static files, only when their sources changed since the last start.

Either takes seconds, mostly to load the application; a second start is to be quick.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from nsadmin.embedded.datadir import DataDirectory
from nsadmin.embedded.supervision.processes import ROOT, command
from nsadmin.embedded.supervision.supervisor import Supervisor

MARKER = "prepared.json"
SOURCES = (
    "static/**/*",
    "nsadmin/**/static/**/*",
    "nsadmin/**/migrations/*.py",
    "nsadmin/settings/*.py",
)


class Preparation:
    """Brings the database and the static files in line with the sources.

    These are two steps, because seeding waits for the database alone.
    """

    def __init__(
        self,
        directory: DataDirectory,
        supervisor: Supervisor,
        tell: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._supervisor = supervisor
        self._tell = tell
        self._wanted = {"sources": fingerprint()}
        self._known = directory.read(MARKER) == self._wanted

    async def database(self, *, own: bool) -> None:
        """Migrate; always if the database is not the demo's own, as it may be empty."""
        there = (self._directory.path / "nsadmin.sqlite3").exists()
        if not (self._known and own and there):
            await self._run("migrate", "database migrated")

    async def static_files(self) -> None:
        """Collect and compress the static files of the pages."""
        manifest = self._directory.path / "static" / "staticfiles.json"
        if not (self._known and manifest.exists()):
            await self._run("collectstatic", "static files collected")

    def done(self) -> None:
        """Store the fingerprint after both steps have succeeded."""
        self._directory.write(MARKER, self._wanted)

    async def _run(self, name: str, sentence: str) -> None:
        await self._supervisor.run(command(name, "--noinput"))
        self._tell(sentence)


def fingerprint() -> str:
    """A digest of the sources of migrations and static files.

    Installed packages have some too; they count by name and version.
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
