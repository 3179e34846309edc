"""A backup brings everything back, on either database, and says what it needs."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from nsadmin.access.keys.keys import actor_of_key, create_key
from nsadmin.access.models import ApiKey, Organization
from nsadmin.access.permissions import Role
from nsadmin.audit import record
from nsadmin.audit.models import AuditEvent
from nsadmin.audit.record import RecordedActor
from nsadmin.backups import service
from nsadmin.errors import Conflict, Invalid
from tests.faults import database
from tests.faults.database import Rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(empty_rows: Rows, django_db_blocker) -> Iterator[Rows]:
    """A database of its own, with our tables."""
    with django_db_blocker.unblock(), database.copy(empty_rows) as made:
        yield made


@contextmanager
def blank(folder: Path) -> Iterator[Rows]:
    """A database without any table."""
    default = connections["default"]
    if default.vendor == "sqlite":
        yield Rows(str(folder / f"{secrets.token_hex(3)}.sqlite3"))
        return
    name = f"{default.settings_dict['NAME']}_{secrets.token_hex(3)}"
    with default._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield Rows(name)
    finally:
        with default._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def write() -> tuple[Organization, str]:
    """An organization with a key, an audited event and a session."""
    made = Organization.objects.create(name="Northlight Médiá 🎬", plan="pro")
    _, plaintext = create_key(made, name="ci", role=Role.MEMBER)
    event(made)
    Session.objects.create(
        session_key="abc", session_data="", expire_date=timezone.now()
    )
    return made, plaintext


def event(organization: Organization) -> None:
    record.record(
        action="namespace:update",
        summary="first",
        actor=RecordedActor("user", "1", "mara"),
        organization_id=organization.organization_id,
    )


def test_what_was_backed_up_comes_back(rows: Rows, tmp_path: Path, capsys) -> None:
    folder, secret_file = tmp_path / "new" / "backup", tmp_path / "secrets.env"
    with database.using(rows):
        made, plaintext = write()
        call_command("backup", "make", str(folder), "--secrets", str(secret_file))
        event(made)  # what comes later is not in it
    with blank(tmp_path) as target, database.using(target):
        call_command("backup", "restore", str(folder))
        assert actor_of_key(plaintext).organization_name == made.name
        assert AuditEvent.objects.count() == 1
        assert not Session.objects.exists()
        with pytest.raises(Exception, match="never deleted"):
            AuditEvent.objects.all().delete()
        call_command("migrate", "--check", "--skip-checks")
        if connections["default"].vendor == "sqlite":
            assert Path(target.name).stat().st_mode & 0o077 == 0
    assert "Restored the state of" in capsys.readouterr().out


def test_a_backup_holds_no_secret_and_the_secrets_go_elsewhere(
    rows: Rows, tmp_path: Path, settings
) -> None:
    folder, secret_file = tmp_path / "backup", tmp_path / "secrets.env"
    settings.NSADMIN_SECRET_KEY = "the key of the cookies"
    with database.using(rows):
        service.make(folder, secret_file)
    for path in folder.iterdir():
        content = path.read_bytes()
        assert settings.NSADMIN_KEY_PEPPER.encode() not in content
        assert settings.NSADMIN_SEAL_KEYS[0].partition(":")[2].encode() not in content
        assert path.name == "manifest.json" or path.stat().st_mode & 0o077 == 0
    assert secret_file.read_text() == (
        "NSADMIN_SECRET_KEY=the key of the cookies\n"
        f"NSADMIN_KEY_PEPPER={settings.NSADMIN_KEY_PEPPER}\n"
        f"NSADMIN_SEAL_KEYS={settings.NSADMIN_SEAL_KEYS[0]}\n"
    )
    assert secret_file.stat().st_mode & 0o077 == 0


def test_nothing_is_overwritten(rows: Rows, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    with database.using(rows):
        service.make(folder)
        with pytest.raises(Conflict):
            service.make(folder)
        with pytest.raises(Conflict, match="empty"):
            service.restore(folder)
        with pytest.raises(CommandError, match="exists already"):
            call_command("backup", "make", str(folder))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NSADMIN_KEY_PEPPER", "another pepper of the same length"),
        ("NSADMIN_SEAL_KEYS", ["t1:" + "B" * 43 + "="]),
    ],
)
def test_a_lacking_secret_is_named_before_anything_is_written(
    rows: Rows, tmp_path: Path, settings, name: str, value: object
) -> None:
    folder = tmp_path / "backup"
    with database.using(rows):
        service.make(folder)
    setattr(settings, name, value)
    with blank(tmp_path) as target, database.using(target):
        with pytest.raises(Invalid, match=name):
            service.restore(folder)
        assert connections["default"].introspection.table_names() == []


def changed(folder: Path, **values: object) -> None:
    """Change the manifest of a backup."""
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_what_is_no_whole_backup_is_refused(rows: Rows, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    with database.using(rows):
        made = service.make(folder)
    with blank(tmp_path) as target, database.using(target):
        with pytest.raises(Invalid, match="no whole backup"):
            service.restore(tmp_path)
        changed(folder, migrations=[*made.migrations, "jobs.9999_of_tomorrow"])
        with pytest.raises(Invalid, match="9999_of_tomorrow"):
            service.restore(folder)
        other = {"sqlite": "postgresql", "postgresql": "sqlite"}[made.database]
        changed(folder, database=other, migrations=made.migrations)
        with pytest.raises(Invalid, match="The backup is of"):
            service.restore(folder)
        changed(folder, format=2)
        with pytest.raises(Invalid, match="this version reads"):
            service.restore(folder)
        changed(folder, format=1, database=made.database)
        with (folder / made.file).open("ab") as file:
            file.write(b"x")
        with pytest.raises(Invalid, match="is not the file"):
            service.restore(folder)
        assert connections["default"].introspection.table_names() == []


def test_an_audit_that_lost_its_end_is_noticed(
    rows: Rows, tmp_path: Path, capsys
) -> None:
    folder = tmp_path / "backup"
    with database.using(rows):
        made, _ = write()
        found = service.make(folder)
    number, head = found.audit[made.organization_id]
    changed(folder, audit={made.organization_id: [number + 2, head]})
    with blank(tmp_path) as target, database.using(target):
        with pytest.raises(SystemExit):
            call_command("backup", "restore", str(folder))
        assert ApiKey.objects.count() == 1
    assert f"{made.organization_id}: the audit does not" in capsys.readouterr().err
