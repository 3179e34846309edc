"""The command `nsadmin`: servers, workers, and the commands of `manage.py`."""

import subprocess
import sys
from pathlib import Path

import pytest

from nsadmin import __version__
from nsadmin.cli import WORKERS
from nsadmin.embedded.supervision.ports import free_port
from nsadmin.jobs import queues
from tests.deployment.web import held_socket
from tests.production_check import ROOT, SETTINGS, environment

_CANNOT = "nsadmin serve: cannot listen on"


def nsadmin(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nsadmin", *arguments],
        env={**environment(), **SETTINGS, **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_queue_has_a_worker() -> None:
    assert set(WORKERS) == set(queues.ALL)


def test_every_queue_but_notifications_enforces_the_limits_of_its_tasks() -> None:
    """Only the default pool has processes of its own, which can be killed."""
    enforcing = {name for name, options in WORKERS.items() if "--pool" not in options}
    assert enforcing == set(queues.ALL) - {queues.NOTIFICATIONS}


@pytest.mark.parametrize("arguments", [["worker"], ["worker", "nothing"]])
def test_an_unknown_queue_is_refused_with_those_there_are(arguments: list[str]) -> None:
    done = nsadmin(*arguments)
    assert done.returncode == 1
    for queue in queues.ALL:
        assert queue in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--help"], "--request-timeout"),
        (["worker", "jobs", "--help"], "--concurrency"),
        (["beat", "--help"], "--schedule"),
        (["mirror", "--help"], "usage: nsadmin mirror"),
        (["alive", "--help"], "usage: nsadmin alive"),
        (["demo", "--help"], "--data-dir"),
        (["help", "worker"], "nsadmin worker QUEUE"),
        (["worker", "--help"], "nsadmin worker QUEUE"),
    ],
)
def test_each_command_says_how_it_is_used(arguments: list[str], said: str) -> None:
    done = nsadmin(*arguments)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


@pytest.mark.parametrize("arguments", [[], ["--help"], ["help", "--commands"]])
def test_the_help_lists_what_starts_nsadmin(arguments: list[str]) -> None:
    listed = nsadmin(*arguments).stdout.split()
    assert {"serve", "worker", "beat", "demo", "version", "mirror"} <= set(listed)
    assert "runserver" not in listed


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_the_version_is_that_of_nsadmin(arguments: list[str]) -> None:
    assert nsadmin(*arguments).stdout == f"nsadmin {__version__}\n"


@pytest.mark.parametrize(
    ("unknown", "meant"), [("works", "worker"), ("mirro", "mirror")]
)
def test_an_unknown_command_is_refused_with_the_closest(
    unknown: str, meant: str
) -> None:
    done = nsadmin(unknown)
    assert done.returncode == 1
    assert f"there is no command {unknown}. Did you mean {meant}?" in done.stderr
    assert f"Did you mean {meant}?" in nsadmin("help", unknown).stderr


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--threads", "0", "give a number of 1 or more, not 0"),
        ("--processes", "0", "give a number of 1 or more, not 0"),
        ("--processes", "-1", "give a number of 1 or more, not -1"),
        ("--port", "0", "give a number from 1 to 65535, not 0"),
        ("--port", "99999", "give a number from 1 to 65535, not 99999"),
        ("--port", "http", "give a number from 1 to 65535, not http"),
        ("--request-timeout", "0", "give seconds above 0 and up to 3600, not 0"),
        ("--request-timeout", "nan", "give seconds above 0 and up to 3600, not nan"),
    ],
)
def test_an_option_out_of_range_is_refused(option: str, value: str, said: str) -> None:
    done = nsadmin("serve", f"{option}={value}")
    assert done.returncode == 2
    assert done.stderr.endswith(f"argument {option}: {said}\n")


def test_a_place_where_nothing_can_listen_is_said_in_one_line() -> None:
    with held_socket() as listener:
        taken = str(listener.getsockname()[1])
        said = one_line("serve", "--port", taken)
    assert said == f"{_CANNOT} 127.0.0.1, port {taken}: Address already in use.\n"
    for host in ("console.invalid", "a..b"):
        assert one_line("serve", "--host", host).startswith(f"{_CANNOT} {host}, port ")


def test_the_web_server_says_what_it_lacks_in_one_line() -> None:
    said = one_line("serve", "--port", str(free_port()), NSADMIN_KEY_PEPPER="short")
    assert "NSADMIN_KEY_PEPPER is too short." in said


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_the_logins_of_a_demo_are_offered_to_this_machine_alone(host: str) -> None:
    logins = {"NSADMIN_DEMO_LOGINS": "/demo/seed.json"}
    said = one_line("serve", "--host", host, "--port", str(free_port()), **logins)
    assert said.endswith("unset it, or listen on 127.0.0.1.\n")


def test_a_command_of_the_demo_without_its_extra_names_it(tmp_path: Path) -> None:
    missing = tmp_path / "pycountry.py"
    missing.write_text(f"raise ModuleNotFoundError(name={missing.stem!r})\n")
    said = one_line("refresh_demo", "--help", PYTHONPATH=str(tmp_path))
    assert said.endswith("needs pycountry: pip install nsadmin[demo]\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["staff", "add", "a@b.example", "--role", "support"],
        ["audit", "verify"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_database_that_is_away_is_said_in_one_line(arguments: list[str]) -> None:
    """The status is not 1, by which `audit verify` tells that the audit is broken."""
    url = f"postgres://u:canary@127.0.0.1:{free_port()}/nsadmin"
    done = nsadmin(*arguments, DATABASE_URL=url, PYTHONWARNINGS="ignore")
    assert done.returncode == 2
    assert done.stderr.startswith("nsadmin: the database cannot be used: connection to")
    assert done.stderr.endswith("Connection refused\n")
    assert done.stderr.count("\n") == 1
    assert "canary" not in done.stderr


def test_where_the_database_was_asked_is_shown_on_request(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/none/db.sqlite3"
    done = nsadmin("migrate", "--traceback", DATABASE_URL=url)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def one_line(*arguments: str, **env: str) -> str:
    """The only line of a command that fails."""
    done = nsadmin(*arguments, PYTHONWARNINGS="ignore", **env)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    return done.stderr
