"""`manage.py nsconfig`: what differs, what is applied, and how it ends."""

import io
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from nsadmin.audit.models import AuditEvent
from nsadmin.namespaces.schema import config, document
from nsadmin.stores.mongo import namespaces as store
from tests.cast import Cast, make_namespace
from tests.exit_status import exit_status


def now(cast: Cast) -> document.Namespace:
    raw = store.get(cast.own.namespace_id)
    assert raw is not None
    return document.read(raw)


@pytest.fixture
def file(cast: Cast, tmp_path: Path) -> Path:
    """A file with another description and one index."""
    text = config.to_yaml(now(cast)).replace("description: ''", "description: New.")
    index = "payload_indexes:\n- field_name: rank\n  type: integer\n"
    path = tmp_path / "config.yaml"
    path.write_text(text.replace("payload_indexes: []\n", index))
    return path


def run(cast: Cast, verb: str, path: Path | str, *more: str) -> int:
    """Run the command; return its exit status."""
    where = ("--organization", "northlight media")
    return exit_status("nsconfig", verb, str(path), *where, *more)


def test_diff_says_what_differs_and_writes_nothing(cast, file, capsys):
    assert run(cast, "diff", file) == 2
    told = capsys.readouterr().out
    assert "film archive, from revision 1:" in told
    assert "  Set the description." in told
    assert "  Build the integer index on rank." in told
    assert now(cast).revision == 1
    assert AuditEvent.objects.count() == 0


def test_apply_then_nothing_differs(cast, file, capsys):
    assert run(cast, "apply", file, "--yes") == 0
    assert "Applied as revision 2." in capsys.readouterr().out
    event = AuditEvent.objects.get()
    assert (event.actor_kind, event.outcome) == ("command", "done")
    assert event.actor_label.startswith("nsconfig, run by ")
    assert event.organization_id == cast.northlight.organization_id
    for verb, more in (("diff", ()), ("apply", ("--yes",))):
        assert run(cast, verb, file, *more) == 0
        assert "Nothing to change" in capsys.readouterr().out
    assert AuditEvent.objects.count() == 1


def test_without_a_terminal_it_asks_for_yes(cast, file, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert run(cast, "apply", file) == 1
    assert "use --yes" in capsys.readouterr().err
    assert now(cast).revision == 1


class Terminal(io.StringIO):
    """Somebody types there."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_at_a_terminal_it_asks(cast, file, monkeypatch, typed, status):
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert run(cast, "apply", file) == status
    assert now(cast).revision == (2 if status == 0 else 1)


def test_a_rename_names_the_namespace_beside_the_file(cast, file):
    file.write_text(file.read_text().replace("film archive", "film vault"))
    assert run(cast, "diff", file) == 1
    given = ("--namespace", "film archive")
    assert run(cast, "apply", file, "--yes", *given) == 0
    assert now(cast).name == "film vault"


def test_faults_are_named_by_line(cast, file, capsys):
    file.write_text(file.read_text().replace("field_name: rank", "field_name: a b"))
    number = file.read_text().splitlines().index("- field_name: a b") + 1
    assert run(cast, "diff", file) == 1
    assert f"line {number}: The field name must be a path" in capsys.readouterr().err


def test_another_organization_is_missing(cast, file, capsys):
    file.write_text("schema: nsadmin/namespace/v1\nnamespace_name: museum objects\n")
    assert run(cast, "diff", file) == 1
    assert "There is no such namespace." in capsys.readouterr().err
    own = ("--namespace", cast.foreign.namespace_id)
    assert run(cast, "diff", file, *own) == 1


def test_a_system_namespace_is_changed_for_the_operator_alone(cast, tmp_path, capsys):
    path = tmp_path / "config.yaml"
    path.write_text("schema: nsadmin/namespace/v1\ndescription: Shared.\n")
    given = ("--namespace", cast.system.namespace_id)
    assert run(cast, "diff", path, *given) == 1
    operator = cast.operator.organization_id
    with pytest.raises(SystemExit) as ended:
        call_command("nsconfig", "diff", str(path), "--organization", operator, *given)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff", "not text in UTF-8"),
        (b"schema: other", "line 1: schema must be"),
        (b"schema: nsadmin/namespace/v1", "use --namespace"),
    ],
)
def test_a_file_that_is_no_configuration(cast, tmp_path, capsys, content, why):
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    assert run(cast, "diff", path) == 1
    assert why in capsys.readouterr().err


def test_a_file_or_an_organization_that_is_not_there(cast, tmp_path, capsys):
    assert run(cast, "diff", tmp_path / "none") == 1
    assert "cannot be read" in capsys.readouterr().err
    with pytest.raises(CommandError, match="no organization Nobody"):
        call_command("nsconfig", "diff", "x", "--organization", "Nobody")


def test_a_wrong_call_ends_with_one_for_two_means_differs() -> None:
    from django.core.management import ManagementUtility

    for arguments in (["diff"], ["explain"], ["diff", "x", "--organization"]):
        with pytest.raises(SystemExit) as ended:
            ManagementUtility(["manage.py", "nsconfig", *arguments]).execute()
        assert ended.value.code == 1


def test_a_namespace_that_is_busy(cast, file, capsys):
    busy = make_namespace(
        cast.northlight, "busy", in_qdrant=False, clone_status="cloning"
    )
    assert run(cast, "diff", file, "--namespace", busy.namespace_id) == 1
    assert "wait for the job" in capsys.readouterr().err
