"""Values of settings that cannot be meant keep every process from starting."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.exceptions import ImproperlyConfigured

from nsadmin.settings import rules
from nsadmin.settings.reading import Environment, refuse
from tests.production_check import ROOT, SETTINGS, check, environment

# The settings that README's table leaves out: former names, and what is for us alone.
UNLISTED = {
    "NSADMIN_EMAIL_BACKEND",
    "NSADMIN_EMAIL_FROM",
    "NSADMIN_EMAIL_HOST",
    "NSADMIN_EMBEDDED",
    "NSADMIN_DEMO_LOGINS",
    "LISTEN_PID",
}
# {setting: (its value, what is said of it)}
REFUSED = {
    "NSADMIN_TOMBSTONE_DAYS": ("-3", "is '-3'; it has to be a whole number from 1 to"),
    "NSADMIN_PROXY_COUNT": ("two", "is 'two'; it has to be a whole number from 0 to"),
    "NSADMIN_METRICS_PORT": ("70000", "is '70000'; it has to be a whole number from 0"),
    "NSADMIN_MAIL_PORT": ("70000", "is '70000'; it has to be a whole number from 0"),
    "NSADMIN_MAIL_TIMEOUT_S": ("0", "is '0'; it has to be a number from 0.1 to 30."),
    "NSADMIN_PAGE_TIMEOUT_S": ("nan", "is 'nan'; it has to be a number from 0.1"),
    "NSADMIN_SESSION_IDLE_S": ("0", "is '0'; it has to be a whole number from 10 to"),
    "NSADMIN_KEY_MAX_DAYS": ("99999999999", "is '99999999999'; it has to be"),
    "NSADMIN_INSECURE_HTTP": ("perhaps", "is 'perhaps'; it has to be 1 or 0."),
    "NSADMIN_CLUSTER_PORTS": ("0,6334,x", "has '0', 'x'; a port is a number from 1"),
    "NSADMIN_RATE_LIMIT": ("600", "is '600'; it has to be 1 or more in a time"),
    "NSADMIN_ORGANIZATION_RATE_LIMIT": ("0/minute", "is '0/minute'; it has to be 1"),
    "NSADMIN_TRANSFER_WAYS": ("pages,rocket", "has 'rocket'; permitted are snapshot,"),
    "NSADMIN_LOG_LEVEL": ("loud", "is 'loud'; permitted are DEBUG, INFO,"),
    "NSADMIN_ALLOWED_HOSTS": ("https://console.example/", "it lists names of hosts"),
    "NSADMIN_MAIL_TLS": ("ssl", "is 'ssl'; permitted are starttls, implicit, none."),
    "NSADMIN_TRUSTED_ORIGINS": ("admin.example", "has 'admin.example'; it lists"),
    "NSADMIN_QDRANT_URL": ("qdrant:6333", "is no address with http:// or https://"),
    "NSADMIN_OTEL_ENDPOINT": ("collector", "is no address with http:// or https://"),
    "NSADMIN_SENTRY_DSN": ("https://sentry.example", "is no DSN, such as"),
    "DATABASE_URL": ("mysql://u:canary@h/n", "is no address of PostgreSQL or SQLite"),
    "NSADMIN_METRICS_DIR": ("/dev/null/metrics", "it has to be a folder that this"),
    "NSADMIN_HEARTBEAT_FILE": (
        "/dev/null/beat",
        "is '/dev/null/beat'; it has to be a file in a folder",
    ),
}
# {setting: values that have to be permitted}, read together with those of the others
PERMITTED = {
    "NSADMIN_LOG_LEVEL": ["info", "WARNING"],
    "NSADMIN_ALLOWED_HOSTS": [
        "console.example, .example.org",
        "127.0.0.1:*,[::1]:8000,a_b:8443",
    ],
    "NSADMIN_MAIL_TLS": ["none"],
    "NSADMIN_TRUSTED_ORIGINS": ["https://a.example, http://[::1]:8000"],
    "NSADMIN_RATE_LIMIT": ["5/second", "100 per 2 hours"],
    "NSADMIN_TRANSFER_WAYS": ["pages", "stream, snapshot"],
    "NSADMIN_QDRANT_URL": ["http://[::1]:6333", "https://qdrant.example/path"],
    "NSADMIN_OTEL_ENDPOINT": ["", "http://collector:4318"],
    "NSADMIN_SENTRY_DSN": ["https://a@o1.ingest.sentry.example/4501"],
    "NSADMIN_PAGE_TIMEOUT_S": ["0.5"],
    "NSADMIN_DELETIONS_PER_DAY": ["0"],
    "NSADMIN_CLUSTER_PORTS": ["", "9000, 9001"],
    "DATABASE_URL": ["postgresql://u@h/n", "sqlite:///x.sqlite3"],
}
READ = "import django; django.setup(); from django.conf import settings; "


def read(code: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Run code after the settings were read, in a process of its own."""
    return run(sys.executable, "-c", READ + code, **given)


def run(*command: str, **given: str) -> subprocess.CompletedProcess[str]:
    module = {"DJANGO_SETTINGS_MODULE": "nsadmin.settings"}
    return subprocess.run(
        command,
        env={**environment(), **SETTINGS, **module, **given},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_value_that_cannot_be_used_is_told_at_once() -> None:
    done = read("", **{name: value for name, (value, _) in REFUSED.items()})
    assert done.returncode == 1
    told = dict(
        re.findall(r"^(?:\S+: )?([A-Z_]+) (is .*|has .*)$", done.stderr, re.MULTILINE)
    )
    assert told.keys() == REFUSED.keys()
    for name, (_, words) in REFUSED.items():
        assert words in told[name], name
    assert "canary" not in done.stderr


def test_the_check_tells_faults_of_form_beside_all_others_in_one_run() -> None:
    refused = {name: value for name, (value, _) in REFUSED.items()}
    others = {
        "NSADMIN_SECRET_KEY": "",
        "NSADMIN_SEAL_KEYS": "p1:short",
        "NSADMIN_MONGODB_URL": "",
        "NSADMIN_REDIS_URL": "http://redis",
        "NSADMIN_REDIS_CA_FILE": "/none",
        "NSADMIN_MAIL_HOST": "mail.example",
        "NSADMIN_METRICS_KEY": "k",
        "NSADMIN_PROXYCOUNT": "1",
    }
    told = check({**SETTINGS, **refused, **others}).stderr
    for name, (_, words) in REFUSED.items():
        assert re.search(rf"nsadmin\.E007\) {name} .*{re.escape(words)}", told), name
        assert f"{name} is " not in told.replace(f"E007) {name} is ", "")
    for words in (
        "NSADMIN_SECRET_KEY is not set.",
        "Entry 1 of NSADMIN_SEAL_KEYS is malformed.",
        "NSADMIN_MONGODB_URL is not set.",
        "NSADMIN_REDIS_URL cannot be used.",
        "NSADMIN_REDIS_CA_FILE names no readable file",
        "NSADMIN_MAIL_FROM is missing",
        "NSADMIN_METRICS_KEY is too short.",
        "Is NSADMIN_PROXY_COUNT meant?",
    ):
        assert words in told, words
    assert "canary" not in told


@pytest.mark.parametrize("hosts", ["*", "*:*", "nsadmin.example,a b", "a.example:x"])
def test_a_list_of_hosts_has_no_other_entries(hosts: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("NSADMIN_ALLOWED_HOSTS", hosts)
    given = Environment()
    given.entries("NSADMIN_ALLOWED_HOSTS", [], rules.hosts)
    with pytest.raises(ImproperlyConfigured, match=r"^NSADMIN_ALLOWED_HOSTS has "):
        refuse(given.faults())


@pytest.mark.parametrize("nth", range(max(map(len, PERMITTED.values()))))
def test_values_that_can_be_meant_are_permitted(nth: int) -> None:
    given = {name: found[nth] for name, found in PERMITTED.items() if found[nth:]}
    assert given
    done = read(f"[repr(getattr(settings, name, '')) for name in {[*given]}]", **given)
    assert done.returncode == 0, done.stderr


def test_spaces_around_the_entries_of_a_list_do_not_count() -> None:
    code = (
        "print(settings.ALLOWED_HOSTS, settings.NSADMIN_CLUSTER_PORTS, "
        "settings.NSADMIN_TRANSFER_WAYS)"
    )
    done = read(
        code,
        NSADMIN_ALLOWED_HOSTS="a.example, b.example:8443,",
        NSADMIN_CLUSTER_PORTS="9000, 9001",
        NSADMIN_TRANSFER_WAYS="",
    )
    assert done.stdout == "['a.example', 'b.example'] [9000, 9001] []\n"


@pytest.mark.parametrize(
    "command",
    [
        ("serve",),
        ("worker", "jobs"),
        ("worker", "notifications"),
        ("beat",),
        ("mirror",),
        ("check", "--deploy"),
    ],
    ids=" ".join,
)
def test_no_process_starts_with_a_negative_number(command: tuple[str, ...]) -> None:
    nsadmin = (sys.executable, "-m", "nsadmin", *command)
    done = run(*nsadmin, NSADMIN_TOMBSTONE_DAYS="-3")
    assert done.returncode != 0
    assert "NSADMIN_TOMBSTONE_DAYS is '-3'; it has to be" in done.stderr


def test_postgresql_without_its_extra_is_told() -> None:
    hidden = "import sys; sys.modules['psycopg'] = None; "
    url = {"DATABASE_URL": "postgres://u:canary@h/n"}
    done = run(sys.executable, "-c", hidden + READ, **url)
    assert "DATABASE_URL is an address of PostgreSQL, but" in done.stderr
    assert "pip install nsadmin[postgres]" in done.stderr
    assert "canary" not in done.stderr


def test_a_name_that_is_no_setting_is_a_warning() -> None:
    unknown = {"NSADMIN_PROXYCOUNT": "1", "NSADMIN_EMAIL_PORT": "25", "NSADMIN_ZZ": "1"}
    done = check({**SETTINGS, **unknown})
    assert done.returncode == 1
    assert done.stderr.count("nsadmin.W012") == len(unknown)
    assert "Is NSADMIN_PROXY_COUNT meant?" in done.stderr
    assert "Is NSADMIN_MAIL_PORT meant?" in done.stderr
    assert "The README lists all settings." in done.stderr


def test_folders_that_take_no_file_are_told() -> None:
    given = {
        "DATABASE_URL": "sqlite:////dev/null/a.sqlite3",
        "NSADMIN_MAIL_BACKEND": "file",
        "NSADMIN_MAIL_DIR": "/dev/null/mail",
    }
    done = check({**SETTINGS, **given})
    assert done.returncode == 1
    assert "(nsadmin.E026) DATABASE_URL names a file whose folder" in done.stderr
    assert "(nsadmin.E032) NSADMIN_MAIL_DIR names a folder that" in done.stderr


def test_names_that_are_read_elsewhere_are_no_fault() -> None:
    ours = {"NSADMIN_TEST_QDRANT_URL": "x", "NSADMIN_REQUIRE_TOOLS": "1"}
    assert check({**SETTINGS, **ours}).returncode == 0


def test_what_has_no_effect_or_is_guessed_is_a_warning() -> None:
    given = {
        "NSADMIN_SESSION_IDLE_S": "900",
        "NSADMIN_SESSION_MAX_S": "600",
        "NSADMIN_MONGODB_URL": "mongodb://a:1,b:2/?w=majority",
    }
    done = check({**SETTINGS, **given})
    assert done.returncode == 1
    assert "nsadmin.W011" in done.stderr
    assert "nsadmin.W024" in done.stderr


def test_the_logins_of_a_demo_are_an_error_in_production() -> None:
    done = check({**SETTINGS, "NSADMIN_DEMO_LOGINS": "/demo/seed.json"})
    assert done.returncode == 1
    assert "(nsadmin.E025) NSADMIN_DEMO_LOGINS is set" in done.stderr


def test_the_table_of_readme_has_every_setting_and_no_other() -> None:
    readme = Path(ROOT, "README.md").read_text()
    rows = re.findall(r"^\| (`[A-Z_`, ]+`) \|", readme, re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    former = {"NSADMIN_TRUST_PROXY"}
    assert len(listed) > 60
    assert listed | UNLISTED | former == set(configured.NSADMIN_KNOWN_NAMES)
