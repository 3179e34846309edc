"""README's production section works: from the wheel, on PostgreSQL, without rights.

The root is only read where the machine permits it. It is up, staff sign in with a second
factor, a namespace is cloned, its metrics tell of that, mails arrive whose links work, the
commands of operators do what they say, all rows of a SQLite move here, and one process
after the other starts again under load without a request that fails.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.deployment import commands, tools
from tests.deployment.production import calls
from tests.deployment.production.browser import SECOND, SIGN_IN
from tests.deployment.production.installation import (
    PASSWORD,
    STAFF,
    Installation,
    ended,
)
from tests.deployment.production.load import Outcomes, describing, getting, load
from tests.deployment.production.moving import move
from tests.deployment.production.operating import (
    ADDRESS,
    DESCRIPTION,
    operate,
    unexpected,
    write_configuration,
)
from tests.deployment.production.site import Site, running_site
from tests.signin.codes import next_code

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]
MEMBER = "mara@northlight.example"
INVITED = "ida@northlight.example"
NEW_PASSWORD = "ida-likes-other-namespaces"
INVITE = "/organization/members/new/"
RESET = "/accounts/password/reset/"
FLEET = "/fleet/"
FILMS = "/v1/namespaces/films"
FACTOR = "/account/second-factor/"
CLONES = "v1/namespaces/<identifier>/clone"
CALLED = "nsadmin_http_requests_total"
LATE = "nsadmin_schedule_late_seconds"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The release of this checkout, ready."""
    tools.needs_uv()
    with running_site() as running:
        yield running


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
    # The first schedule may begin some seconds after the site is ready.
    calls.wait_for(lambda: bool(site.scrape().by(LATE, "schedule")))
    told = site.scrape()
    stores = told.by("nsadmin_store_up", "store")
    assert stores == dict.fromkeys(("database", "redis", "namespace_store"), 1)
    assert set(told.by("nsadmin_figures_up", "source").values()) == {1}
    # The follower leads, and beat and its workers run the schedules.
    assert told.value("nsadmin_mirror_age_seconds") < 60
    late = told.by(LATE, "schedule")
    assert max(late.values()) < 60


def test_prometheus_takes_the_metrics(site: Site) -> None:
    done = subprocess.run(
        [tools.needs("promtool"), "check", "metrics"],
        input=site.scrape().text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_metrics_tell_of_the_cluster_once_it_was_asked(site: Site) -> None:
    shared = {"cluster": "shared", "state": "answering"}
    calls.wait_for(lambda: site.scrape().value("nsadmin_clusters", **shared) == 1)


def test_an_invitation_is_mailed_and_its_link_joins(site: Site) -> None:
    with site.browser() as browser:
        browser.sign_in(MEMBER, PASSWORD)
        assert browser.get(INVITE).status_code == 200
        browser.send(INVITE, email=INVITED, name="Ida", role="viewer")
        sent = browser.send(INVITE, step_up_password=PASSWORD)
        assert sent.status_code == 303, sent.text
    link = site.mailed_link(INVITED, "Join Northlight Media in nsadmin")
    with site.browser() as browser:
        page = browser.follow(link)
        joined = browser.send(page, password1=PASSWORD, password2=PASSWORD)
        assert joined.status_code in {302, 303}, joined.text
    with site.browser() as browser:
        assert browser.sign_in(INVITED, PASSWORD) == "/"
        assert "films-staging" in browser.get("/namespaces/").text


def test_a_forgotten_password_is_reset_by_a_mailed_link(site: Site) -> None:
    with site.browser() as browser:
        assert browser.get(RESET).status_code == 200
        assert browser.send(RESET, email=INVITED).status_code == 302
        page = browser.follow(site.mailed_link(INVITED, "Choose a new password"))
        fields = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        assert browser.send(page, **fields).status_code == 302
        assert browser.sign_in(INVITED, NEW_PASSWORD) == "/"


def test_the_commands_of_operators_do_what_they_say(site: Site) -> None:
    installed = site.installed
    with calls.api(site.url, site.key) as client:
        write_configuration(installed.state, client, "films")
        assert unexpected(operate(installed)) == []
        assert client.get("/namespaces/films").json()["description"] == DESCRIPTION
    assert (installed.state / "backup" / "manifest.json").exists()
    assert ADDRESS in site.inbox.recipients


def test_all_rows_move_from_sqlite_to_postgresql(site: Site) -> None:
    moved = move(site.installed)
    assert len({row["model"] for row in moved.before}) > 40
    assert [row for row in moved.before if row not in moved.after] == []
    assert len(moved.after) == len(moved.before)
    assert moved.filled_twice == set()
    assert re.fullmatch(r"org_moved entries=4 head=[0-9a-f]{64}\n", moved.verdict)


def test_one_process_after_the_other_starts_again_under_load(site: Site) -> None:
    with site.browser() as browser:
        browser.sign_in(MEMBER, PASSWORD)
        signed_in = browser.headers
    key = calls.bearing(site.key)
    asks = {
        **getting(site.url, ("/healthz", SIGN_IN, "/readyz", FILMS), key),
        **getting(site.url, ("/namespaces/",), signed_in),
        **describing(site.url, FILMS, key),
    }
    with calls.api(site.url, site.key) as client, load(asks) as outcomes:
        for line in rolling(site.installed):
            assert site.installed.stop(line) == 0, line
            site.installed.start(line, site.listener)
            if "serve" in line:
                wait_for_answers(outcomes, 3 * len(asks))
        source = calls.make_source(client, "films again", count=100)
        begun = calls.begin_clone(client, source, "films-again-staging")
        calls.require_clone(client, source, begun)
    assert outcomes.failures == []
    assert set(outcomes.answered) == set(asks)
    assert min(outcomes.answered.values()) > 10


def test_staff_sign_in_with_a_code(site: Site, app: tuple[str, str]) -> None:
    with site.browser() as browser:
        assert browser.sign_in(STAFF, PASSWORD) == SECOND
        assert browser.leads_to(FLEET).startswith(SIGN_IN)
        assert browser.get(SECOND).status_code == 200
        assert browser.send(SECOND, code="000000").status_code == 200
        assert browser.send(SECOND, code=next_code(*app)).status_code == 302
        assert browser.get(FLEET).status_code == 200


def rolling(installed: Installation) -> list[str]:
    """The lines of all processes, in the order in which they are replaced.

    The web server is replaced twice.
    """
    lines = {commands.role(line): line for line in installed.processes}
    assert set(lines) == set(commands.ROLES)
    return [lines[role] for role in (*commands.ROLES, "serve")]


def wait_for_answers(outcomes: Outcomes, number: int) -> None:
    """Wait until so many more requests were answered well."""
    wanted = outcomes.answered.total() + number
    calls.wait_for(lambda: outcomes.answered.total() >= wanted)


def test_every_process_ends_when_all_are_asked_at_once(site: Site) -> None:
    installed = site.installed
    asked = {line: installed.ask_to_end(line) for line in set(installed.processes)}
    assert len(asked) == 10
    codes = {line: ended(process) for line, process in asked.items()}
    assert set(codes.values()) == {0}, codes
