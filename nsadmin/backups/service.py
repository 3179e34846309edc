"""Making and restoring a backup of our own state."""

import os
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

import nsadmin
from nsadmin.audit import verify
from nsadmin.audit.models import ChainHead
from nsadmin.backups import dumps, manifest
from nsadmin.backups.manifest import Manifest
from nsadmin.errors import Conflict, Invalid
from nsadmin.stores import peppers, seal

_FILES: Final = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
# The secrets without which a restored database cannot be used.
_SECRETS: Final = ("NSADMIN_SECRET_KEY", "NSADMIN_KEY_PEPPER", "NSADMIN_SEAL_KEYS")


def make(folder: Path, secrets: Path | None = None) -> Manifest:
    """Write a backup into a new folder, and the secrets into a file elsewhere.

    Raises Conflict if the folder or the file exists, Unavailable if the database cannot
    be dumped. A backup that fails or is interrupted leaves neither of them behind.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise Conflict(f"{folder} exists already.") from None
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, folder)
        if secrets is not None:
            _write_secrets(secrets)
            undo.callback(secrets.unlink)
        made = _dump(folder)
        undo.pop_all()
    return made


def _dump(folder: Path) -> Manifest:
    """Write the database and its manifest into an empty folder."""
    audit = {h.organization_id: (h.number, h.hash) for h in ChainHead.objects.all()}
    kind = dumps.vendor()
    path = folder / _FILES[kind]
    dumps.dump(path)
    made = Manifest.model_validate(
        {
            "version": nsadmin.__version__,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "database": kind,
            "file": path.name,
            "bytes": path.stat().st_size,
            "sha256": manifest.checksum(path),
            "migrations": _applied(),
            "peppers": peppers.names(),
            "seal_keys": seal.key_names(),
            "audit": audit,
        }
    )
    manifest.write(folder, made)
    return made


def restore(folder: Path) -> Manifest:
    """Fill the empty database from a backup; people have to sign in again.

    Raises Invalid for a folder that is no whole backup, for one of another kind of
    database or of a newer version, and where a secret is lacking; Conflict if the
    database is not empty.
    """
    found = manifest.read(folder)
    _require_match(found)
    dumps.restore(folder / found.file)
    Session.objects.all().delete()
    return found


def broken_chains(found: Manifest) -> list[str]:
    """Return the organizations whose audit is not the one of the backup, or broken."""
    wanted = sorted({*verify.organizations(), *found.audit})
    return [one for one in wanted if not _is_intact(one, found.audit.get(one))]


def _is_intact(organization_id: str, known: tuple[int, str] | None) -> bool:
    noted = {known[0]: known[1]} if known and known[0] else {}
    return not verify.verify(organization_id, noted).faults


def _require_match(found: Manifest) -> None:
    if found.database != dumps.vendor():
        raise Invalid(
            f"The backup is of {found.database}, and DATABASE_URL of {dumps.vendor()}."
        )
    unknown = set(found.migrations) - _known()
    if unknown:
        raise Invalid(
            f"The backup is of version {found.version}, which has migrations that this "
            f"version lacks, such as {min(unknown)}."
        )
    for name, needed, given in (
        ("NSADMIN_KEY_PEPPER", found.peppers, peppers.names()),
        ("NSADMIN_SEAL_KEYS", found.seal_keys, seal.key_names()),
    ):
        lacking = [one for one in needed if one not in given]
        if lacking:
            raise Invalid(f"{name} lacks what the backup was made with: {lacking[0]}.")


def _applied() -> list[str]:
    rows = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in rows)


def _known() -> set[str]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    replaced = {old for one in loader.disk_migrations.values() for old in one.replaces}
    return {f"{app}.{name}" for app, name in {*loader.disk_migrations, *replaced}}


def _write_secrets(path: Path) -> None:
    """Write the secrets as lines NAME=value, readable by the owner alone."""
    values = {name: getattr(settings, name) for name in _SECRETS}
    lines = [
        f"{name}={','.join(value) if isinstance(value, list) else value}\n"
        for name, value in values.items()
    ]
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(f"{path} exists already.") from None
    with os.fdopen(handle, "w") as file:
        file.writelines(lines)
