"""`docs/client.md`: its commands are run, and its client lists and plans."""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from nsadmin.api import docs_page
from nsadmin.stores.mongo import namespaces as store
from tests.api.door import Door
from tests.cast import Cast
from tests.conventions.source import ROOT

PAGE = (ROOT / "docs/client.md").read_text()
ADDRESS, TOKEN = "https://nsadmin.example", "sk_…"
PACKAGES = sysconfig.get_path("purelib")


def blocks(language: str) -> list[str]:
    """The blocks of code in a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def run(command: list[str], folder: Path, **env: str) -> str:
    """Run a command in a folder; return what it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


def program(path: Path, *words: str | Path) -> None:
    """Write a program that runs another one; the word $@ stands for its arguments."""
    line = " ".join(
        '"$@"' if word == "$@" else shlex.quote(str(word)) for word in words
    )
    path.write_text(f"#!/bin/sh\nexec {line}\n")
    path.chmod(0o755)


@pytest.fixture
def installing(tmp_path: Path) -> str:
    """The PATH of an environment whose pip finds all but the client here.

    So it needs no package index, and is not permitted to ask one.
    """
    made, programs = tmp_path / "venv", tmp_path / "programs"
    venv.create(made, symlinks=True, with_pip=True)
    programs.mkdir()
    python = ("env", f"PYTHONPATH={PACKAGES}", made / "bin" / "python")
    offline = ("--no-index", "--no-build-isolation")
    program(programs / "pip", *python, "-m", "pip", "$@", *offline)
    program(programs / "python", *python, "$@")
    beside = Path(sys.executable).parent
    return ":".join(map(str, (programs, beside, os.environ["PATH"])))


def test_the_client_of_the_page_lists_and_plans(
    cast: Cast, door: Door, installing: str, tmp_path: Path
) -> None:
    making = blocks("sh")[0].replace(ADDRESS, door.url)
    run(["sh", "-ec", making], tmp_path, PATH=installing)
    [text] = blocks("python")
    text = text.replace(ADDRESS, door.url).replace(TOKEN, cast.keys["admin"])
    printed = run([str(tmp_path / "programs/python"), "-c", text], tmp_path)
    assert f"{cast.own.namespace_id} film archive" in printed
    assert "['Set the description.']" in printed
    assert cast.foreign.namespace_id not in printed
    made = (tmp_path / "nsadmin-client/nsadmin_client/api").glob("*/*.py")
    wanted = {
        operation["operationId"]
        for methods in docs_page.schema()["paths"].values()
        for operation in methods.values()
    }
    assert len(wanted) > 40
    assert wanted - {path.stem for path in made} == set()


def test_the_shell_of_the_page_reads_plans_and_changes(
    cast: Cast, door: Door, tmp_path: Path
) -> None:
    (tmp_path / "nsadmin.key").write_text(cast.keys["admin"] + "\n")
    started = ("env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "nsadmin", "$@")
    program(tmp_path / "nsadmin", *started)
    path = f"{tmp_path}:{os.environ['PATH']}"
    commands = blocks("sh")[1].replace(ADDRESS, door.url)
    printed = run(["sh", "-ec", commands], tmp_path, PATH=path)
    assert cast.own.namespace_id in printed
    assert "Set the description." in printed
    after = store.get(cast.own.namespace_id)
    assert (after["revision"], after["description"]) == (2, "Films.")
