"""A missing program is a skip that says what to install, and in CI a failure."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.deployment import tools
from tests.production_check import ROOT, environment


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without any program."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return monkeypatch


@pytest.mark.parametrize("program", tools.PACKAGES)
def test_a_test_skips_without_its_program(
    bare: pytest.MonkeyPatch, program: str
) -> None:
    bare.delenv("NSADMIN_REQUIRE_TOOLS", raising=False)
    install = f"apt-get install --no-install-recommends {tools.PACKAGES[program]}"
    with pytest.raises(pytest.skip.Exception, match=install):
        tools.needs(program)


@pytest.mark.parametrize("program", tools.PACKAGES)
def test_a_test_fails_where_its_program_is_required(
    bare: pytest.MonkeyPatch, program: str
) -> None:
    bare.setenv("NSADMIN_REQUIRE_TOOLS", "1")
    with pytest.raises(pytest.fail.Exception, match=f"There is no {program}"):
        tools.needs(program)


def test_ci_installs_and_requires_every_program() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    [pairs] = re.findall(r"for pair in (.*); do", script)
    assert dict(pair.split(":") for pair in pairs.split()) == tools.PACKAGES
    assert "\nexport NSADMIN_REQUIRE_TOOLS=1\n" in script


@pytest.mark.parametrize("given", ["3.99", "3.98 3.99"])
def test_the_matrix_fails_without_a_python_that_it_was_asked_for(given: str) -> None:
    done = subprocess.run(
        ["tools/matrix.sh", "--version"],
        cwd=ROOT,
        env={**environment(), "UV": "false", "PYTHONS": given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    for version in given.split():
        assert f"== {version} is not on this machine" in done.stdout
    assert f"Failed: {given} next-django" in done.stdout
