"""Programs that some tests need beside Python's packages.

Without its program a test skips, and says what to install. With NSADMIN_REQUIRE_TOOLS=1,
as in CI, it fails instead.
"""

import os
import shutil
from typing import NoReturn

import pytest

from tests import postgres
from tests.deployment import wheels

# {a program: Debian's package that has it}
PACKAGES = {
    "caddy": "caddy",
    "nginx": "nginx",
    "promtool": "prometheus",
    "systemd-analyze": "systemd",
}


def are_required() -> bool:
    """Whether a test may not do without its programs."""
    return os.environ.get("NSADMIN_REQUIRE_TOOLS") == "1"


def lack(reason: str) -> NoReturn:
    """Skip the test for want of a program, or fail it."""
    if are_required():
        pytest.fail(reason)
    pytest.skip(reason)


def needs(program: str) -> str:
    """The path of a program; without it the test skips or fails."""
    found = shutil.which(program)
    if found is None:
        package = PACKAGES[program]
        lack(
            f"There is no {program}: apt-get install --no-install-recommends {package}"
        )
    return found


def needs_uv() -> None:
    """Skip or fail the test without uv, which installs from the lock."""
    if wheels.uv() is None:
        lack("uv, which installs from the lock, is not on this machine")


def needs_postgresql() -> None:
    """Skip or fail the test without Debian's PostgreSQL."""
    if not postgres.is_installed():
        lack(postgres.MISSING)
