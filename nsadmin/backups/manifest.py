"""The description of a backup: what it is of, its checksum, and which secrets it needs.

The secrets themselves are not in it: each is named by a hash that does not reveal it.
"""

import hashlib
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from nsadmin.errors import Invalid

FILE: Final = "manifest.json"
_BLOCK = 1 << 20


class Manifest(BaseModel):
    """`manifest.json` of a backup.

    `audit` is {organization: (length, last hash)} of the chains before the dump began,
    so that a restored audit can be checked against it. `bytes` and `sha256` are of the
    dump; `migrations` are those carried out in it, as app.name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    version: str
    made_at: str
    database: Literal["sqlite", "postgresql"]
    file: Literal["database.sqlite3", "database.dump"]
    bytes: int
    sha256: str
    migrations: list[str]
    peppers: list[str]
    seal_keys: list[str]
    audit: dict[str, tuple[int, str]]


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest; it comes last, so a backup that has one is whole."""
    (folder / FILE).write_text(manifest.model_dump_json(indent=2) + "\n")


def read(folder: Path) -> Manifest:
    """Return the manifest of a whole backup, with its dump checked.

    Raises Invalid if there is none, or if the dump is not the one that was written.
    """
    try:
        manifest = Manifest.model_validate_json((folder / FILE).read_bytes())
    except OSError:
        raise Invalid(f"{folder} holds no whole backup: there is no {FILE}.") from None
    except ValidationError:
        raise Invalid(
            f"{FILE} is not one of a backup that this version reads."
        ) from None
    path = folder / manifest.file
    if not path.is_file() or checksum(path) != manifest.sha256:
        raise Invalid(f"{manifest.file} is not the file that the backup wrote.")
    return manifest


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
