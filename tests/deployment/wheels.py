"""The wheel, built from what git knows of, and environments that it is installed into."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.production_check import ROOT

_BUILD = "from setuptools import build_meta; print(build_meta.build_wheel({!r}))"


def tracked() -> list[str]:
    """The paths of all files of the checkout that git does not ignore."""
    known = ("--cached", "--others", "--exclude-standard")
    listed = subprocess.run(
        ["git", "ls-files", *known],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for path in listed.stdout.splitlines() if (ROOT / path).is_file()]


def build(folder: Path) -> Path:
    """Build the wheel in a copy of the checkout below `folder`; return its path."""
    source = folder / "source"
    for path in tracked():
        if path.startswith(("nsadmin/", "static/", "templates/")) or "/" not in path:
            target = source / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, target)
    return build_from(source, folder)


def build_from(source: Path, folder: Path) -> Path:
    """Build the wheel of these files into a folder; return its path."""
    subprocess.run(
        [sys.executable, "-c", _BUILD.format(str(folder))],
        cwd=source,
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("*.whl")
    return wheel


def uv() -> str | None:
    """The program that installs from the lock, as the Makefile finds it."""
    own = ROOT / ".tools" / "bin" / "uv"
    return shutil.which("uv") or (str(own) if own.exists() else None)


def install(wheel: Path, environment: Path, *extras: str) -> Path:
    """Install the wheel with extras, in the versions of the lock, into a new environment.

    Returns the folder of its programs.
    """
    run([uv(), "venv", "-q", "--python", sys.executable, str(environment)])
    python = environment / "bin" / "python"
    chosen = f"nsadmin[{','.join(extras)}] @ {wheel.as_uri()}"
    lock = ("-c", str(ROOT / "requirements" / "dev.txt"), "--no-verify-hashes")
    options = ("-q", "--system-certs", "--compile-bytecode", "--python", str(python))
    run([uv(), "pip", "install", *options, *lock, chosen])
    return environment / "bin"


def run(command: list[str]) -> None:
    """Run a command; raise AssertionError with what it said if it fails."""
    env = {n: v for n, v in os.environ.items() if n != "VIRTUAL_ENV"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
