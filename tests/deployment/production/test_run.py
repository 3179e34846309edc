"""README's production section works: from the wheel, on PostgreSQL, without rights.

The root is only read where the machine permits it. It is up, staff sign in with a second
factor, a namespace is cloned, its metrics tell of that, and every process starts again
under load without a request that fails.
"""

import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from nsadmin.embedded.supervision import ports
from tests.deployment import commands, wheels
from tests.deployment.production import calls
from tests.deployment.production.browser import SECOND, SIGN_IN, Browser
from tests.deployment.production.installation import (
    PASSWORD,
    STAFF,
    Installation,
    ended,
    machine,
)
from tests.deployment.production.load import load
from tests.deployment.production.stores import running_stores, settings, used_here
from tests.deployment.web import held_socket
from tests.observability.scraping import Scrape
from tests.signin.codes import next_code
from tests.tls_front import Authority, tls_front

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]
METRICS_KEY = "a key for the metrics of this installation"
MEMBER = "mara@northlight.example"
FLEET = "/fleet/"
FACTOR = "/account/second-factor/"
CLONES = "v1/namespaces/<identifier>/clone"
CALLED = "nsadmin_http_requests_total"


@dataclass(frozen=True)
class Site:
    """An installation that runs, and its addresses."""

    installed: Installation
    listener: socket.socket
    url: str
    key: str
    metrics_url: str
    browser: Callable[[], Browser]

    def scrape(self) -> Scrape:
        """Ask the port of the metrics, as Prometheus does."""
        bearer = {"authorization": f"Bearer {METRICS_KEY}"}
        answer = httpx.get(self.metrics_url, headers=bearer, timeout=60)
        assert answer.status_code == 200
        return Scrape(answer.text)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The release of this checkout, installed, prepared and ready."""
    if wheels.uv() is None:
        pytest.skip("uv, which installs from the lock, is not on this machine")
    with ExitStack() as stack:
        folder = stack.enter_context(machine())
        stores = stack.enter_context(running_stores(folder))
        port = ports.free_port()
        metrics = {
            "NSADMIN_METRICS_KEY": METRICS_KEY,
            "NSADMIN_METRICS_PORT": str(port),
            "NSADMIN_METRICS_DIR": str(folder / "var/lib/nsadmin/metrics"),
        }
        installed = Installation(folder, {**settings(stores), **metrics})
        installed.install(wheels.build(folder / "dist"))
        installed.prepare()
        stack.callback(installed.kill)
        listener = stack.enter_context(held_socket())
        for line in sorted(commands.running()):
            installed.start(line, listener)
        web = listener.getsockname()[1]
        authority = Authority.make(folder)
        tls = stack.enter_context(tls_front(authority, web))
        stack.enter_context(used_here(stores))
        url = f"http://127.0.0.1:{web}"
        calls.wait_for(lambda: calls.is_ready(url))
        yield Site(
            installed,
            listener,
            url,
            calls.new_key(installed),
            f"http://127.0.0.1:{port}/metrics",
            lambda: Browser(f"https://127.0.0.1:{tls}", authority.ca_file),
        )


@pytest.fixture(scope="module")
def app(site: Site) -> tuple[str, str]:
    """The secret of the authenticator app of staff, and the code that set it up."""
    with site.browser() as browser:
        browser.sign_in(STAFF, PASSWORD)
        assert browser.leads_to(FLEET) == FACTOR
        made = browser.set_up_app(PASSWORD)
        assert browser.get(FLEET).status_code == 200
        return made


def test_only_the_state_and_tmp_can_be_written(site: Site) -> None:
    installed = site.installed
    if installed.why_writable:
        pytest.skip(f"The root cannot be made read-only: {installed.why_writable}")
    for place in (Path("/"), Path("/etc"), Path("/var/tmp"), installed.program):
        assert "Read-only file system" in installed.try_to_write(place), place
    for place in (Path("/tmp"), installed.state):
        assert installed.try_to_write(place) == ""


def test_the_processes_cannot_write_to_the_installation(site: Site) -> None:
    made = site.installed.program / "written"
    refused = site.installed.run(["sh", "-c", f"touch {made} 2>&1 || echo refused"])
    assert refused.endswith("refused\n")


def test_probes_answer_whatever_the_host(site: Site) -> None:
    for path, said in (("/healthz", "ok"), ("/readyz", "ready")):
        answer = httpx.get(site.url + path, headers={"host": "10.0.0.7"}, timeout=60)
        assert (answer.status_code, answer.json()) == (200, {"status": said})


def test_a_member_signs_in_and_the_pages_have_their_styles(site: Site) -> None:
    with site.browser() as browser:
        assert browser.leads_to("/namespaces/").startswith(SIGN_IN)
        assert browser.sign_in(MEMBER, PASSWORD) == "/"
        page = browser.get("/namespaces/")
        assert page.status_code == 200
        style = re.search(r'href="(/static/[^"]+\.css)"', page.text)[1]
        assert browser.get(style).status_code == 200


def test_staff_have_to_set_up_a_second_factor(app: tuple[str, str]) -> None:
    secret, used = app
    assert len(secret) == 32
    assert re.fullmatch(r"\d{6}", used)


def test_a_namespace_is_made_and_cloned_which_the_metrics_tell(site: Site) -> None:
    before = site.scrape()
    with calls.api(site.url, site.key) as client:
        source = calls.make_source(client, "films", count=500)
        begun = calls.begin_clone(client, source, "films-staging")
        calls.require_clone(client, source, begun)
        found = client.get("/namespaces/films-staging").json()
        assert found["namespace_id"] == begun[1]
    after = site.scrape()

    def grown(name: str, **labels: str) -> float:
        return after.value(name, **labels) - before.value(name, **labels)

    asked = {"route": CLONES, "method": "POST", "status": "200"}
    assert grown(CALLED, **asked) == 1
    assert grown("nsadmin_job_seconds_count", kind="clone", state="done") == 1
    assert grown("nsadmin_qdrant_call_seconds_count", cluster="shared") > 0


def test_the_metrics_tell_of_every_store_and_process(site: Site) -> None:
    assert httpx.get(site.metrics_url, timeout=60).status_code == 401
    told = site.scrape()
    stores = told.by("nsadmin_store_up", "store")
    assert stores == dict.fromkeys(("database", "redis", "namespace_store"), 1)
    assert set(told.by("nsadmin_figures_up", "source").values()) == {1}
    # The follower leads, and beat and its workers run the schedules.
    assert told.value("nsadmin_mirror_age_seconds") < 60
    late = told.by("nsadmin_schedule_late_seconds", "schedule")
    assert late
    assert max(late.values()) < 60


def test_prometheus_takes_the_metrics(site: Site) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("there is no promtool; the Debian package prometheus has it")
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=site.scrape().text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_staff_sign_in_with_a_code(site: Site, app: tuple[str, str]) -> None:
    with site.browser() as browser:
        assert browser.sign_in(STAFF, PASSWORD) == SECOND
        assert browser.leads_to(FLEET).startswith(SIGN_IN)
        assert browser.get(SECOND).status_code == 200
        assert browser.send(SECOND, code="000000").status_code == 200
        assert browser.send(SECOND, code=next_code(*app)).status_code == 302
        assert browser.get(FLEET).status_code == 200


def test_the_metrics_tell_of_the_cluster_once_it_was_asked(site: Site) -> None:
    shared = {"cluster": "shared", "state": "answering"}
    calls.wait_for(lambda: site.scrape().value("nsadmin_clusters", **shared) == 1)


def test_every_process_starts_again_under_load(site: Site) -> None:
    paths = ("/healthz", SIGN_IN, "/v1/namespaces/films", "/readyz")
    installed = site.installed
    with (
        calls.api(site.url, site.key) as client,
        load(site.url, paths, calls.bearing(site.key)) as outcomes,
    ):
        [web] = [line for line in installed.processes if "serve" in line]
        for _ in range(2):
            assert installed.stop(web) == 0
            installed.start(web, site.listener)
            seen = outcomes.statuses[200]
            calls.wait_for(lambda seen=seen: outcomes.statuses[200] > seen + 40)
        require_ends(installed, set(installed.processes) - {web})
        for line in commands.running() - {web}:
            installed.start(line, site.listener)
        source = calls.make_source(client, "films again", count=100)
        begun = calls.begin_clone(client, source, "films-again-staging")
        calls.require_clone(client, source, begun)
    assert outcomes.failures == []
    assert outcomes.statuses[200] > 80


def test_every_process_ends_when_it_is_asked(site: Site) -> None:
    assert len(site.installed.processes) == 9
    require_ends(site.installed, set(site.installed.processes))


def require_ends(installed: Installation, lines: set[str]) -> None:
    """Ask these processes to end, all at once; each ends as if it had no error."""
    asked = {line: installed.ask_to_end(line) for line in lines}
    codes = {line: ended(process) for line, process in asked.items()}
    assert set(codes.values()) == {0}, codes
