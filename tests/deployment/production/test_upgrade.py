"""Upgrades with a clone under way: from the version before, and from the last change.

The stores are the same throughout, so the second upgrade finds what the first one left.
Each follows docs/upgrade.md: the newer release prepares the stores while the older one
runs; then one process after the other is replaced. What the clone writes is delayed, so
that it is under way before, during and after that.
"""

from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path

import httpx
import pytest

from tests.deployment import commands, tools, wheels
from tests.deployment.production import calls
from tests.deployment.production.browser import PROXIED, SIGN_IN
from tests.deployment.production.checkout import Checkout
from tests.deployment.production.installation import Installation, machine
from tests.deployment.production.load import Outcomes, getting, load
from tests.deployment.production.stores import running_stores, settings, used_here
from tests.deployment.web import held_socket
from tests.faults import releases
from tests.faults.proxy import running_proxies
from tests.faults.transport import Http
from tests.production_check import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]
ASKED = ("/healthz", SIGN_IN, "/readyz")
WRITE_POINTS = "PUT /points"
# Each write of the clone takes so long, and it makes about ten, one after the other.
LATE_S = 10.0
POINTS = 3000


class Site:
    """A machine with stores, on which one release follows another."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        stores = stack.enter_context(running_stores(folder))
        stack.enter_context(used_here(stores))
        proxies = stack.enter_context(running_proxies())
        self.exchanges = proxies.exchanges
        before = proxies.before(Http(), stores["NSADMIN_QDRANT_URL"])
        self._env = {
            **settings({**stores, "NSADMIN_QDRANT_URL": before}),
            "NSADMIN_TRANSFER_WAYS": "pages",
            "NSADMIN_TRANSFER_RANGES": "1",
            "NSADMIN_TRUST_PROXY": "1",  # for a release before NSADMIN_PROXY_COUNT
            "NSADMIN_LOG_LEVEL": "WARNING",
        }
        self.listener = stack.enter_context(held_socket())
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def is_written_to(self) -> bool:
        """Whether a process of a release has begun to write points."""
        return any(seen.asks == WRITE_POINTS for seen in self.exchanges.seen)

    def of_commit(self, commit: str, name: str) -> Installation:
        """The release of a commit, installed; skips the test where it is not there."""
        files = self._folder / "source" / name
        files.mkdir(parents=True)
        releases.unpack(commit, files)
        if (files / "setup.py").exists():
            wheel = wheels.build_from(files, self._folder / "dist" / name)
            return self.of_wheel(files, wheel, name)
        made = Checkout(self._folder, self._env, files)
        made.install()
        self._stack.callback(made.kill)
        return made

    def of_wheel(self, files: Path, wheel: Path, name: str) -> Installation:
        """A release from its wheel, installed beside the others."""
        made = Installation(self._folder, self._env, files=files, name=name)
        made.install(wheel)
        self._stack.callback(made.kill)
        return made

    def of_checkout(self) -> Installation:
        """The release of this checkout, installed."""
        wheel = wheels.build(self._folder / "dist" / "this")
        return self.of_wheel(ROOT, wheel, "this")

    def begin(self, installed: Installation) -> str:
        """Run a release unless it runs already; the address of its web server."""
        if not installed.processes:
            installed.prepare()
            for line in installed.lines.running:
                installed.start(line, self.listener)
        url = installed.own_url or self.url
        calls.wait_for(lambda: calls.is_ready(url))
        return url

    def replace(self, older: Installation, newer: Installation) -> None:
        """Replace one process after the other, each ending as if it had no error.

        A worker that the older release does not know is started in its turn.
        """
        going = {commands.role(line): line for line in older.processes}
        coming = {commands.role(line): line for line in newer.lines.running}
        assert set(going) <= set(coming) == set(commands.ROLES)
        for role in commands.ROLES:
            assert role not in going or older.stop(going[role]) == 0, role
            newer.start(coming[role], self.listener)
        calls.wait_for(lambda: calls.is_ready(self.url))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The machine, without any release."""
    tools.needs_uv()
    with machine() as folder, ExitStack() as stack:
        yield Site(folder, stack)


@pytest.fixture(scope="module")
def last_change(site: Site) -> Installation:
    """The release of the commit before the last one that changed the program."""
    return site.of_commit(releases.change_before(), "last")


def points_done(client: httpx.Client, task_id: str) -> int:
    """How many points a clone has copied by now."""
    progress = calls.task(client, task_id)["additional_data"]["progress"]
    stages = progress.get("stages") or []
    return sum(stage["done"] for stage in stages if stage["key"] == "points")


def upgrade(site: Site, older: Installation, newer: Installation, name: str) -> None:
    """Replace a release while a clone is under way, which ends exactly."""
    url = site.begin(older)
    key = calls.new_key(older)
    with calls.api(url, key) as client:
        source = calls.make_source(client, name, count=POINTS)
    site.exchanges.expect()
    # A web server of before the held socket cannot be replaced without a gap.
    asks = getting(url, ASKED, PROXIED)
    asked = nullcontext(Outcomes()) if older.own_url else load(asks)
    with asked as outcomes, site.exchanges.late("qdrant", WRITE_POINTS, LATE_S):
        with calls.api(url, key) as client:
            begun = calls.begin_clone(client, source, f"{name}-staging")
            calls.wait_for(site.is_written_to)
        newer.prepare(upgrading=True)
        site.replace(older, newer)
        with calls.api(site.url, key) as client:
            assert 0 < points_done(client, begun[0]) < POINTS
    with calls.api(site.url, key) as client:
        calls.require_clone(client, source, begun)
    assert outcomes.failures == []
    newer.manage("audit", "verify")


def test_from_the_version_before(site: Site, last_change: Installation) -> None:
    oldest = site.of_commit(releases.version_before(), "version-before")
    upgrade(site, oldest, last_change, "films")


def test_from_the_last_change(site: Site, last_change: Installation) -> None:
    upgrade(site, last_change, site.of_checkout(), "pictures")
