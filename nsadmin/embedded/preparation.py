"""Migrating and collecting static files, when something changed since the last time.

Either needs seconds, most of them to load the application, and a second start of the
demo is to be quick.
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
    "nsadmin/settings.py",
)


class Preparation:
    """Makes the database and the static files what the sources say.

    The two are apart, because seeding waits for the database alone.
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
        """Migrate; somebody else's database may have been emptied, so always that."""
        there = (self._directory.path / "nsadmin.sqlite3").exists()
        if not (self._known and own and there):
            await self._run("migrate", "database migrated")

    async def static_files(self) -> None:
        """Collect and compress what the pages need."""
        manifest = self._directory.path / "static" / "staticfiles.json"
        if not (self._known and manifest.exists()):
            await self._run("collectstatic", "static files collected")

    def done(self) -> None:
        """Remember the sources, once both have ended well."""
        self._directory.write(MARKER, self._wanted)

    async def _run(self, name: str, sentence: str) -> None:
        await self._supervisor.run(command(name, "--noinput"))
        self._tell(sentence)


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
