"""`nsadmin api`: each operation of the document as a command, its answer and its end."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from nsadmin.api.management.commands.api import Command
from nsadmin.api.management.operations import Operation, operations
from nsadmin.api.models import KeptAnswer
from nsadmin.stores.mongo import namespaces as store
from tests.api.door import Door
from tests.api.endpoints import ENDPOINTS, Endpoint
from tests.cast import Cast
from tests.conventions.source import ROOT
from tests.exit_status import exit_status

Run = Callable[..., int]


@pytest.fixture
def run(cast: Cast, door: Door, tmp_path: Path) -> Run:
    """Calls an operation with the key of a role; returns the exit status."""

    def run(*arguments: str, body: Any = None, role: str = "admin") -> int:
        key = tmp_path / "key"
        key.write_text(f"{cast.keys[role]}\n")
        given = [*arguments, "--url", door.url, "--key-file", str(key)]
        if body is not None:
            (tmp_path / "body").write_text(json.dumps(body))
            given += ["--body", str(tmp_path / "body")]
        return ended(*given)

    return run


def ended(*arguments: str) -> int:
    """Run the command; return its exit status."""
    return exit_status("api", *arguments)


def operation_of(endpoint: Endpoint) -> Operation:
    [found] = [
        operation
        for operation in operations().values()
        if operation.method == endpoint.method
        and re.sub("{[^}]*:", "{", operation.path) == f"/v1{endpoint.path}"
    ]
    return found


def test_every_operation_is_called_by_its_name(
    cast: Cast, door: Door, run: Run, capsys
) -> None:
    for endpoint in ENDPOINTS:
        operation = operation_of(endpoint)
        path, _, query = endpoint.at(cast.own.namespace_id).partition("?")
        pattern = re.sub(r"{\w+}", "([^/]+)", f"{operation.path}")
        found = re.fullmatch(pattern, f"/v1{path}")
        assert found
        options = [f"--{part}" for part in query.split("&") if part]
        has_body = "requestBody" in operation.details
        body = endpoint.body if has_body else None
        status = run(
            operation.name, *found.groups(), *options, body=body, role=endpoint.role
        )
        told = capsys.readouterr()
        assert status in (0, 4), (operation.name, told.err)
        assert door.seen.pop() == f"{operation.method} /v1{path}{query and '?' + query}"
        if status == 0 and "stream" not in operation.name:
            json.loads(told.out or "null")
    assert len({operation_of(one).name for one in ENDPOINTS}) == len(operations()) > 40


def test_an_answer_is_json_and_says_the_revision(cast: Cast, run: Run, capsys) -> None:
    assert run("get_namespace", "film archive") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["namespace_id"] == cast.own.namespace_id
    assert json.loads(told.out)["revision"] == 1
    assert told.err == ""


def test_a_change_is_planned_and_made_for_the_revision_that_was_seen(
    cast: Cast, run: Run, capsys
) -> None:
    change = ("patch_namespace", cast.own.namespace_id)
    body = {"description": "Films, “noir”."}
    assert run(*change, "--dry-run", body=body) == 0
    assert "Set the description." in capsys.readouterr().out
    assert run(*change, "--if-match", "r7", body=body) == 4
    told = capsys.readouterr()
    assert told.out == ""
    assert "(HTTP status 412, " in told.err
    assert store.get(cast.own.namespace_id)["revision"] == 1
    assert run(*change, "--if-match", "r1", "--no-dry-run", body=body) == 0
    assert "“noir”" in capsys.readouterr().out
    assert store.get(cast.own.namespace_id)["revision"] == 2


def test_what_can_be_repeated_has_a_key_that_can_be_given(run: Run, capsys) -> None:
    wanted = {"namespace_name": "one of many"}
    assert run("create_namespace", body=wanted) == 0
    assert KeptAnswer.objects.count() == 1
    wanted = {"namespace_name": "another"}
    twice = [
        run("create_namespace", "--idempotency-key", "mine", body=wanted)
        for _ in range(2)
    ]
    assert twice == [0, 0]
    assert KeptAnswer.objects.count() == 2


def test_every_parameter_is_of_a_kind_that_an_option_has() -> None:
    kinds = {
        (parameter["in"], kind["type"])
        for operation in operations().values()
        for parameter in operation.parameters
        for kind in parameter["schema"].get("anyOf", [parameter["schema"]])
    }
    assert {kind for place, kind in kinds if place == "query"} == {
        *("boolean", "integer", "string", "null")
    }
    assert {kind for place, kind in kinds if place != "query"} == {"string"}


@pytest.mark.parametrize("bad", [("a b",), ("a b", "c d")])
def test_a_refusal_names_each_place_once_on_the_error_output(
    run: Run, capsys, bad: tuple[str, ...]
) -> None:
    indexes = [{"field_name": name, "type": "integer"} for name in bad]
    body = {"payload_indexes": indexes}
    assert run("patch_namespace", "film archive", body=body) == 4
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert re.search(r"\(HTTP status 422, \w+, req_\w+\)$", lines[0])
    for line, place in zip(lines, range(len(bad)), strict=True):
        said = f"payload_indexes.{place}.field_name: The field name must"
        assert line.startswith(said)


def test_a_refusal_of_a_parameter_is_said_once(run: Run, capsys) -> None:
    assert run("list_all_namespaces", "--limit", "0") == 4
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("query.limit: ")


def test_what_others_own_is_refused_as_missing(cast: Cast, run: Run, capsys) -> None:
    assert run("get_namespace", cast.foreign.namespace_id) == 4
    assert "HTTP status 404" in capsys.readouterr().err
    assert run("delete_namespace", "film archive", role="viewer") == 4
    assert "HTTP status 403" in capsys.readouterr().err


def test_a_failure_of_the_server_has_a_status_of_its_own(
    run: Run, settings, capsys
) -> None:
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    assert run("create_namespace", body={"namespace_name": "films"}) == 5
    assert "HTTP status 503" in capsys.readouterr().err


def test_the_key_follows_no_redirect(door: Door, run: Run, capsys) -> None:
    door.move_to = f"{door.url}/elsewhere"
    assert run("list_all_namespaces") == 3
    assert "The address answers with HTTP status 307." in capsys.readouterr().err
    assert len(door.seen) == 1


def test_a_stream_is_printed_as_it_is(run: Run, capsys) -> None:
    assert run("patch_namespace", "film archive", body={"description": "New."}) == 0
    capsys.readouterr()
    assert run("stream_audit", "--limit", "5") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all("cursor" in json.loads(line) for line in lines)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["get_namespace"], "IDENTIFIER"),
        (["get_nothing"], "invalid choice"),
        (["list_all_namespaces", "--limit", "many"], "invalid int value"),
        (["list_all_namespaces", "--view", "none"], "invalid choice"),
        (["create_namespace"], "--body"),
        (["patch_namespace", "a", "--body", "{absent}"], "cannot be read"),
        (["patch_namespace", "a", "--body", "{broken}"], "is not JSON"),
        (
            ["patch_namespace", "a", "--body", "{good}", "--if-match", "a\nb"],
            "If-Match",
        ),
        (["patch_namespace", "a", "--body", "{good}", "--if-match", "é"], "If-Match"),
    ],
)
def test_what_cannot_be_sent_is_not_sent(  # noqa: PLR0917
    door: Door, run: Run, tmp_path: Path, capsys, arguments: list[str], told: str
) -> None:
    files = {name: str(tmp_path / name) for name in ("absent", "broken", "good")}
    (tmp_path / "broken").write_text('{"description": ')
    (tmp_path / "good").write_text("{}")
    given = [files.get(one.strip("{}"), one) for one in arguments]
    assert run(*given) in (1, 2)
    assert told in capsys.readouterr().err
    assert door.seen == []


class FromCommandLine(Command):
    """The command as `nsadmin` runs it, where wrong arguments end the process."""

    _called_from_command_line = True


@pytest.mark.parametrize("arguments", [[], ["get_nothing"], ["get_namespace"]])
def test_wrong_arguments_have_a_status_of_their_own(
    capsys, arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        FromCommandLine().create_parser("nsadmin", "api").parse_args(arguments)
    assert end.value.code == 2
    assert "usage: nsadmin api" in capsys.readouterr().err


class Endless(BaseHTTPRequestHandler):
    """Answers with more than any program should keep."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(65):
                self.wfile.write(bytes(1 << 20))
        except OSError:
            pass  # the reader left

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def endless() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_no_answer_is_read_without_end(endless: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "key").write_text("sk_a_b")
    given = ["--url", endless, "--key-file", str(tmp_path / "key")]
    assert ended("list_all_namespaces", *given) == 1
    assert "The answer has over 64 MiB" in capsys.readouterr().err


def test_without_settings_and_answer_it_says_how_to_repeat(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk_a_b")
    (tmp_path / "body").write_text('{"namespace_name": "films"}')
    done = subprocess.run(
        [
            *(sys.executable, "-m", "nsadmin", "api", "create_namespace"),
            *("--url", "http://127.0.0.1:9", "--key-file", str(tmp_path / "key")),
            *("--body", str(tmp_path / "body")),
        ],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "http://127.0.0.1:9 does not answer" in done.stderr
    assert re.search(r"--idempotency-key [0-9a-f-]{36} it is carried out", done.stderr)
    assert "sk_a_b" not in done.stderr


def test_the_key_for_this_machine_is_not_told_to_a_proxy(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert run("list_all_namespaces") == 0


@pytest.mark.parametrize(
    "url",
    ["https://localhost/\u00fc", f"https://{'a' * 70}.example", "https://\u2100.x"],
)
def test_an_address_that_cannot_be_asked_is_one_sentence(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_text("sk_a_b")
    given = ["--url", url, "--key-file", str(tmp_path / "key")]
    assert ended("list_all_namespaces", *given) in (1, 2)
    told = capsys.readouterr().err
    assert len(told.strip().splitlines()) == 1
    assert "sk_a_b" not in told


def test_a_key_is_not_taken_for_the_name_of_its_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(CommandError):
        call_command(
            "api", "list_all_namespaces", "--url", "https://x", "--key", "sk_a"
        )
    assert "sk_a" not in capsys.readouterr().err
