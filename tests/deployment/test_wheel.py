"""The wheel has everything that a checkout has, and starts the demo from an empty folder."""

import re
import subprocess
import zipfile
from configparser import ConfigParser
from pathlib import Path

import httpx
import pytest

from nsadmin.embedded.supervision import ports
from tests.browser.running_demo import running
from tests.deployment import tools, wheels


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this checkout."""
    return wheels.build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory) -> Path:
    """The programs of an environment with the wheel and the demo's packages."""
    tools.needs_uv()
    return wheels.install(wheel, tmp_path_factory.mktemp("venv") / "venv", "demo")


def test_it_has_every_module_template_and_static_file(wheel: Path) -> None:
    inside = {
        name.removeprefix("nsadmin/files/")
        for name in zipfile.ZipFile(wheel).namelist()
        if ".dist-info/" not in name
    }
    expected = {
        path
        for path in wheels.tracked()
        if path.startswith(("nsadmin/", "templates/", "static/"))
    }
    assert len(expected) > 500
    assert inside == expected


def test_it_has_the_command(wheel: Path) -> None:
    parser = ConfigParser()
    with zipfile.ZipFile(wheel) as archive:
        [name] = [n for n in archive.namelist() if n.endswith("entry_points.txt")]
        parser.read_string(archive.read(name).decode())
    assert dict(parser["console_scripts"]) == {"nsadmin": "nsadmin.cli:main"}


@pytest.mark.faults
def test_the_demo_starts_from_an_empty_folder(programs: Path, tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "empty"
    data.mkdir()
    folder.mkdir()
    command = [str(programs / "nsadmin")]
    with running(data, port=ports.free_port(), command=command, folder=folder) as demo:
        page = httpx.get(f"{demo.url}/accounts/login/").text
        assert "Sign in as Noor" in page
        linked = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page)
        assert {Path(path).suffix for path in linked} == {".css", ".js"}
        for path in linked:
            answer = httpx.get(demo.url + path)
            assert answer.status_code == 200
            assert len(answer.content) > 500, path
    assert not list(folder.iterdir())


@pytest.mark.faults
def test_without_settings_it_names_what_is_missing(programs: Path) -> None:
    done = subprocess.run(
        [programs / "nsadmin", "check", "--deploy"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "NSADMIN_SECRET_KEY is not set." in done.stderr
