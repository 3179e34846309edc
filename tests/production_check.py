"""`manage.py check --deploy` with production settings: none missing, none weak.

Run by `make check`. Then each required setting is taken away in turn, and the check has
to fail and name it.
"""

import atexit
import os
import secrets
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from nsadmin.checks import REQUIRED

ROOT = Path(__file__).parents[1]
_FOLDER = TemporaryDirectory(prefix="nsadmin-settings-")
atexit.register(_FOLDER.cleanup)
SETTINGS = {
    "NSADMIN_SECRET_KEY": secrets.token_urlsafe(60),
    "NSADMIN_KEY_PEPPER": secrets.token_urlsafe(40),
    "NSADMIN_SEAL_KEYS": "p1:" + "A" * 43 + "=",
    "NSADMIN_MONGODB_URL": "mongodb://mongo.internal:27017/nsadmin",
    "NSADMIN_QDRANT_URL": "https://qdrant.internal:6333",
    "NSADMIN_REDIS_URL": "redis://redis.internal:6379/0",
    "DATABASE_URL": f"sqlite:///{_FOLDER.name}/db.sqlite3",
    "NSADMIN_ALLOWED_HOSTS": "nsadmin.example",
}


def environment() -> dict[str, str]:
    """The environment of a process that inherits no settings."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}


def check(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the check in a process of its own, with these settings and no others."""
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env={**environment(), **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def main() -> int:
    """Return 0 if production settings pass and no required one can be left out."""
    whole = check(SETTINGS)
    if whole.returncode:
        print(whole.stdout + whole.stderr)
        return 1
    for name in REQUIRED:
        lacking = check({k: v for k, v in SETTINGS.items() if k != name})
        if lacking.returncode == 0 or f"{name} is not set" not in lacking.stderr:
            print(f"The check does not name {name}:\n{lacking.stderr}")
            return 1
    print(f"production settings pass; each of {len(REQUIRED)} is missed when absent")
    return 0


if __name__ == "__main__":
    sys.exit(main())
