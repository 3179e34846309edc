"""The data directory: one supervisor at a time, and small JSON files.

Its JSON files hold keys and passwords, so only their owner may read them.
"""

import fcntl
import json
import os
import secrets
import time
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nsadmin.embedded.supervision.errors import StartError

# The file of the logins, keys and namespaces that were seeded.
SEED = "seed.json"
# Longer than any program of a killed supervisor may live on.
LOCK_PATIENCE_SECONDS = 8.0


def refuse_second(path: Path) -> None:
    """Raise StartError if a demo runs in the directory; make nothing."""
    with suppress(OSError), (path / "lock").open("rb") as file:
        if not _locked(file.fileno()) and _lives(owner := file.read(20).decode()):
            raise DataDirectory(path).second(owner)


class DataDirectory:
    """The directory that contains all data of one demo."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.logs = self.path / "logs"
        self.mails = self.path / "mail"
        try:
            self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The database and the logs in it are private.
            self.path.chmod(0o700)
        except OSError as error:
            raise StartError(
                f"The data directory {self.path} cannot be made ({error.strerror}): "
                "choose another with --data-dir."
            ) from None

    def lock(self) -> int:
        """Lock the directory for this process; return the descriptor of the lock.

        The shims inherit the descriptor: the lock is free when the last program is
        gone, so a start right after the death of a supervisor waits for its remains.
        """
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        give_up = time.monotonic() + LOCK_PATIENCE_SECONDS
        while not _locked(descriptor):
            owner = os.pread(descriptor, 20, 0).decode()
            if _lives(owner) or time.monotonic() > give_up:
                os.close(descriptor)
                raise self.second(owner or "unknown")
            time.sleep(0.1)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return descriptor

    def second(self, owner: str) -> StartError:
        """Return the error of a start beside the demo of the process `owner`."""
        url = self.read("demo.json").get("url")
        place = f"at {url}" if url else "but is not ready yet"
        return StartError(
            f"A demo already runs in {self.path}, {place} (process {owner}): stop it, "
            "or choose another directory with --data-dir and another port with --port."
        )

    def read(self, name: str) -> dict[str, Any]:
        """The JSON object of that name, empty when there is none yet."""
        try:
            found = json.loads((self.path / name).read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            raise StartError(
                f"The file {self.path / name} is damaged: remove it, or choose another "
                "directory with --data-dir."
            ) from None
        return dict(found)

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Write the JSON object whole or not at all."""
        write_private(self.path / name, content)

    def secrets(self) -> dict[str, str]:
        """The keys of this demo, made once, because they open data sealed before."""
        known = self.read("secrets.json")
        if not known:
            known = {
                "NSADMIN_SECRET_KEY": secrets.token_urlsafe(48),
                "NSADMIN_KEY_PEPPER": secrets.token_urlsafe(32),
                "NSADMIN_SEAL_KEYS": f"demo:{b64encode(os.urandom(32)).decode()}",
                "qdrant": secrets.token_urlsafe(24),
                "qdrant_dedicated": secrets.token_urlsafe(24),
            }
            self.write("secrets.json", known)
        return known


def write_private(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(draft, flags, 0o600), "w") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(owner: str) -> bool:
    try:
        os.kill(int(owner), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
