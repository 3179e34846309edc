"""The embedded servers are no part of production."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.production_check import SETTINGS

ROOT = Path(__file__).parents[2]
LISTING = """
import sys, django
django.setup()
from django.apps import apps
from django.urls import get_resolver
get_resolver().url_patterns
import nsadmin.celery, nsadmin.jobs.tasks, nsadmin.namespaces.tasks
print("installed" if apps.is_installed("nsadmin.embedded") else "not installed")
print([name for name in sys.modules if name.startswith("nsadmin.embedded")])
"""


WITHOUT_EXTRA = """
import sys
sys.modules["airportsdata"] = None
from nsadmin.cli import main
main(["load_fleet", *sys.argv[1:]])
"""


def run(*command: str, **more: str) -> str:
    done = ran(*command, **more)
    done.check_returncode()
    return done.stdout


def ran(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
    inherited = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    module = {"DJANGO_SETTINGS_MODULE": "nsadmin.settings"}
    return subprocess.run(
        [sys.executable, *command],
        env={**inherited, **SETTINGS, **module, **more},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_neither_installs_nor_imports_them() -> None:
    assert run("-c", LISTING).splitlines() == ["not installed", "[]"]


def test_the_switch_installs_them() -> None:
    assert run("-c", LISTING, NSADMIN_EMBEDDED="1").startswith("installed")


@pytest.mark.parametrize("name", ["demo", "seed_demo", "refresh_demo", "demo_apps"])
def test_manage_finds_their_commands(name: str) -> None:
    assert "usage:" in run("manage.py", name, "--help")
    assert "usage:" in run("manage.py", "help", name)


def test_no_other_command_is_lost() -> None:
    listed = run("manage.py", "help", "--commands").split()
    assert {"organization", "audit", "seal", "nsconfig"} <= set(listed)
    assert "seed_demo" not in listed


def test_load_fleet_names_its_extra() -> None:
    assert "usage:" in ran("-c", WITHOUT_EXTRA, "--help").stdout
    done = ran("-c", WITHOUT_EXTRA, "--skip-checks")
    assert done.returncode == 1
    assert done.stderr == (
        "CommandError: load_fleet needs the package airportsdata, which is not "
        "installed: install the extra 'demo'.\n"
    )
