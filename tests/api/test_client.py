"""`docs/client.md`: its client is made from the document, lists and plans."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nsadmin.api import docs_page
from tests.api.door import Door
from tests.cast import Cast
from tests.conventions.source import ROOT

PAGE = (ROOT / "docs/client.md").read_text()
ADDRESS, TOKEN = "https://nsadmin.example", "sk_…"


def block(language: str) -> str:
    """The first block of code in a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found.group(1)


@pytest.fixture
def client(door: Door, tmp_path: Path) -> Path:
    """The folder of the client, made as the page says."""
    (command,) = [line for line in block("sh").splitlines() if " generate " in line]
    program, *arguments = shlex.split(command.replace(ADDRESS, door.url))
    config = "package_name_override: nsadmin_client\npost_hooks: []\n"
    assert config.replace("\n", r"\n") in block("sh")
    (tmp_path / "client.yaml").write_text(config)
    subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    return tmp_path / "nsadmin-client"


def test_the_client_of_the_page_lists_and_plans(
    cast: Cast, door: Door, client: Path
) -> None:
    text = block("python").replace(ADDRESS, door.url).replace(TOKEN, cast.keys["admin"])
    done = subprocess.run(
        [sys.executable, "-c", text],
        env={"PYTHONPATH": str(client)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"{cast.own.namespace_id} film archive" in done.stdout
    assert "['Set the description.']" in done.stdout
    assert cast.foreign.namespace_id not in done.stdout


def test_every_operation_has_a_function(client: Path) -> None:
    made = {path.stem for path in (client / "nsadmin_client/api").glob("*/*.py")}
    wanted = {
        operation["operationId"]
        for methods in docs_page.schema()["paths"].values()
        for operation in methods.values()
    }
    assert len(wanted) > 40
    assert wanted - made == set()
