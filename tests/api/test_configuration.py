"""Configuration as code through the API, by HTTP and by `nsconfig --url`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Invalid
from nsadmin.namespaces.management import remote_api
from nsadmin.namespaces.schema import config, document
from nsadmin.stores.mongo import namespaces as store
from tests.api.conftest import Caller, locations_of
from tests.api.door import Door
from tests.conventions.source import ROOT
from tests.exit_status import exit_status


def at(call: Caller) -> str:
    return f"/namespaces/{call.cast.own.namespace_id}/config"


def text_of(call: Caller) -> str:
    return str(json.loads(call("GET", at(call)).content)["config"])


def test_a_text_is_read_changed_planned_and_applied(call: Caller) -> None:
    text = text_of(call).replace("description: ''", "description: New.")
    shown = call("POST", at(call) + "?dry_run=true", {"config": text})
    plan = json.loads(shown.content)["plan"]
    assert [step["sentence"] for step in plan["steps"]] == ["Set the description."]
    assert "description: ''" in text_of(call)
    query = f"?plan_digest={plan['digest']}"
    done = call("POST", at(call) + query, {"config": text})
    assert (done.status_code, done.headers["ETag"]) == (200, '"r2"')
    assert text_of(call) == text  # equal settings, equal text, whatever the revision
    assert "made_from" not in text
    event = AuditEvent.objects.get(action="namespace:update")
    assert (event.actor_kind, event.outcome) == ("key", "done")
    again = call("POST", at(call) + "?dry_run=true", {"config": text})
    assert json.loads(again.content)["plan"]["steps"] == []


def test_another_plan_than_the_shown_one_is_not_applied(call: Caller) -> None:
    text = text_of(call).replace("description: ''", "description: New.")
    response = call("POST", at(call) + "?plan_digest=other", {"config": text})
    assert response.status_code == 409
    assert "description: ''" in text_of(call)


def test_a_value_that_an_older_file_and_others_changed_is_a_conflict(
    call: Caller,
) -> None:
    raw = store.get(call.cast.own.namespace_id)
    assert raw is not None
    text = config.to_file(document.read(raw))
    mine = text.replace("description: ''", "description: Mine.")
    own = f"/namespaces/{call.cast.own.namespace_id}"
    assert call("PATCH", own, {"description": "Theirs."}).status_code == 200
    answer = call("POST", at(call), {"config": mine})
    assert answer.status_code == 409
    refusal = json.loads(answer.content)
    assert "Another person changed description too, since the file" in str(refusal)
    assert "edit_conflict" in str(refusal)
    assert call("POST", at(call), {"config": text}).status_code == 200
    after = store.get(call.cast.own.namespace_id)
    assert after is not None
    assert after["description"] == "Theirs."


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("schema: other", "line 1"),
        ("schema: nsadmin/namespace/v1\nno: 1", "line 2"),
        (
            "schema: nsadmin/namespace/v1\n\npayload_indexes: [{field_name: a b, type: integer}]",
            "line 3",
        ),
        ("a: [", "line 1"),
    ],
)
def test_errors_name_lines(call: Caller, text: str, place: str) -> None:
    assert place in locations_of(call("POST", at(call), {"config": text}))


def test_the_namespace_of_another_organization_is_missing(call: Caller) -> None:
    other = f"/namespaces/{call.cast.foreign.namespace_id}/config"
    body = {"config": "schema: nsadmin/namespace/v1"}
    assert call("POST", other, body).status_code == 404
    assert call("GET", other).status_code == 404


# The command ---------------------------------------------------------------------------


@pytest.fixture
def file(call: Caller, tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text_of(call).replace("description: ''", "description: New."))
    return path


def run(*arguments: str) -> int:
    """Run the command; return its exit status."""
    return exit_status("nsconfig", *arguments)


def test_the_command_compares_and_applies_from_elsewhere(
    call: Caller, door: Door, file: Path, capsys
) -> None:
    key = file.with_name("key")
    key.write_text(call.cast.keys["admin"] + "\n")
    given = [str(file), "--url", door.url, "--key-file", str(key)]
    assert run("diff", *given) == 2
    assert "  Set the description." in capsys.readouterr().out
    assert run("apply", *given, "--yes") == 0
    assert "Applied as revision 2." in capsys.readouterr().out
    assert run("diff", *given) == 0
    assert "Nothing to change: film archive" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("sk_wrong_key", "HTTP status 401"),
        ("viewer", "HTTP status 403"),
        ("admin", "line 3: "),
    ],
)
def test_the_command_says_what_the_api_refused(  # noqa: PLR0917
    call: Caller, door: Door, file: Path, capsys, key: str, told: str
) -> None:
    file.write_text(
        "schema: nsadmin/namespace/v1\nnamespace_name: film archive\n"
        "payload_indexes: [{field_name: a b, type: integer}]\n"
    )
    secret = call.cast.keys.get(key, key)
    assert run("diff", str(file), "--url", door.url, "--key", secret) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [
        "NSADMIN_SECRET_KEY=planted\nDATABASE_URL=planted\n",
        "planted planted",
        "planted\N{CLAPPER BOARD}",
        "planted\x07",
        "\n",
    ],
)
def test_a_file_that_holds_no_key_is_refused_without_its_content(
    door: Door, file: Path, capsys, content: str
) -> None:
    key = file.with_name("key")
    key.write_text(content)
    given = [str(file), "--url", door.url]
    assert run("diff", *given, "--key-file", str(key)) == 1
    assert run("diff", *given, "--key", content) == 1
    told = capsys.readouterr().err
    assert f"{key} is no API key" in told
    assert "--key is no API key" in told
    assert "planted" not in told
    assert not door.seen


def test_the_key_follows_no_redirect(
    call: Caller, door: Door, file: Path, capsys
) -> None:
    door.move_to = f"{door.url}/elsewhere"
    secret = call.cast.keys["admin"]
    assert run("diff", str(file), "--url", door.url, "--key", secret) == 1
    assert "HTTP status 307" in capsys.readouterr().err
    assert len(door.seen) == 1


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://a.example", "https://a.example"),
        ("https://a.example/v1/", "https://a.example"),
        ("https://a.example/below", "https://a.example/below"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://a.example", None),
        ("ftp://a.example", None),
        ("a.example", None),
    ],
)
def test_which_addresses_are_called(url: str, base: str | None) -> None:
    if base is None:
        with pytest.raises(Invalid):
            remote_api.address(url)
    else:
        assert remote_api.address(url) == base


def test_the_command_needs_no_settings(tmp_path: Path) -> None:
    """A machine without any of our settings: nothing listens, and that is what it says."""
    file = tmp_path / "c.yaml"
    file.write_text("schema: nsadmin/namespace/v1\nnamespace_name: a\n")
    done = subprocess.run(
        [
            *(sys.executable, "manage.py", "nsconfig", "diff", str(file)),
            *("--url", "http://127.0.0.1:9", "--key", "sk_a_b"),
        ],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "http://127.0.0.1:9 does not answer" in done.stderr
