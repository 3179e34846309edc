"""The system checks of the settings of mail."""

import os
import subprocess
import sys

import pytest

from nsadmin.mail.checks import (
    mail_folder,
    mail_secrets,
    mail_settings,
    mail_that_is_not_sent,
)
from nsadmin.observability.scrubbing import scrubbed

RIGHT = {
    "NSADMIN_MAIL_WAY": "smtp",
    "NSADMIN_MAIL_HOST": "mail.example.org",
    "NSADMIN_MAIL_FROM": "nsadmin <nsadmin@example.org>",
    "DEFAULT_FROM_EMAIL": "nsadmin <nsadmin@example.org>",
    "NSADMIN_MAIL_USER": "postbox",
    "NSADMIN_MAIL_PASSWORD": "a password",
}


@pytest.fixture(autouse=True)
def _right(settings) -> None:
    for name, value in RIGHT.items():
        setattr(settings, name, value)


def ids(found) -> list[str]:
    return [message.id for message in found]


def test_right_settings_pass() -> None:
    assert mail_settings() == mail_secrets() == mail_that_is_not_sent() == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("NSADMIN_MAIL_WAY", "sendmail", "NSADMIN_MAIL_BACKEND is 'sendmail'"),
        ("NSADMIN_MAIL_HOST", "", "NSADMIN_MAIL_HOST is not set"),
        ("NSADMIN_MAIL_HOST", "smtp://h", "NSADMIN_MAIL_HOST is not the name of a"),
        ("NSADMIN_MAIL_HOST", "h:25", "NSADMIN_MAIL_HOST is not the name of a host"),
        ("NSADMIN_MAIL_USER", "", "Only one of"),
        ("NSADMIN_MAIL_PASSWORD", "", "Only one of"),
        ("NSADMIN_MAIL_CA_FILE", "/no/such/file", "names no file"),
    ],
)
def test_what_cannot_be_used_is_named(settings, name, value, words) -> None:
    setattr(settings, name, value)
    (found,) = mail_settings()
    assert found.id == "nsadmin.E030"
    assert words in found.msg


@pytest.mark.parametrize(
    "sender",
    ["", "nobody", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example"],
)
def test_a_host_needs_a_sender(settings, sender) -> None:
    settings.NSADMIN_MAIL_FROM = sender
    settings.DEFAULT_FROM_EMAIL = sender or "nsadmin@localhost"
    assert ids(mail_settings()) == ["nsadmin.E031"]


def test_files_need_a_folder(settings) -> None:
    settings.NSADMIN_MAIL_WAY, settings.NSADMIN_MAIL_FROM = "file", ""
    assert ids(mail_settings()) == ["nsadmin.E030"]
    settings.NSADMIN_MAIL_DIR = "/var/lib/nsadmin/mail"
    assert mail_settings() == []


@pytest.mark.parametrize("name", ["m", "mail.example.org", "10.0.0.7", "::1"])
def test_a_host_has_a_name_or_an_address(settings, name) -> None:
    settings.NSADMIN_MAIL_HOST = name
    assert mail_settings() == []


def test_an_unknown_way_hides_no_other_fault(settings) -> None:
    settings.NSADMIN_MAIL_WAY = "sendmail"
    settings.NSADMIN_MAIL_HOST, settings.NSADMIN_MAIL_USER = "smtp://h", ""
    settings.NSADMIN_MAIL_FROM = settings.DEFAULT_FROM_EMAIL = "nobody"
    assert ids(mail_settings()) == [*["nsadmin.E030"] * 3, "nsadmin.E031"]


def test_the_folder_of_files_has_to_take_them(settings, tmp_path) -> None:
    settings.NSADMIN_MAIL_WAY = "file"
    settings.NSADMIN_MAIL_DIR = str(tmp_path / "below" / "mail")
    assert mail_folder() == []
    assert list(tmp_path.iterdir()) == []
    settings.NSADMIN_MAIL_DIR = "/dev/null/mail"
    assert ids(mail_folder()) == ["nsadmin.E032"]


def test_a_password_without_tls_is_a_warning(settings) -> None:
    settings.NSADMIN_MAIL_TLS = "none"
    assert ids(mail_secrets()) == ["nsadmin.W030"]
    settings.NSADMIN_MAIL_PASSWORD = ""
    assert mail_secrets() == []


def test_former_names_are_a_warning(settings) -> None:
    settings.NSADMIN_FORMER_MAIL = ["NSADMIN_EMAIL_HOST"]
    assert ids(mail_secrets()) == ["nsadmin.W031"]


def test_no_mail_is_told_before_a_deployment(settings) -> None:
    settings.NSADMIN_MAIL_WAY = "none"
    assert mail_settings() == []
    assert ids(mail_that_is_not_sent()) == ["nsadmin.I030"]


def test_mails_in_the_log_are_a_warning(settings) -> None:
    settings.NSADMIN_MAIL_WAY = "console"
    assert ids(mail_that_is_not_sent()) == ["nsadmin.W032"]


def test_the_password_leaves_in_no_report() -> None:
    assert "a password" not in scrubbed("login with a password failed")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, ["none", "dummy", "587"]),
        ({"NSADMIN_MAIL_HOST": "m"}, ["smtp", "nsadmin.mail.backends.smtp", "587"]),
        (
            {"NSADMIN_MAIL_HOST": "m", "NSADMIN_MAIL_TLS": "implicit"},
            ["smtp", "nsadmin.mail.backends.smtp", "465"],
        ),
        (
            {"NSADMIN_MAIL_HOST": "m", "NSADMIN_MAIL_TLS": "none"},
            ["smtp", "nsadmin.mail.backends.smtp", "25"],
        ),
        ({"NSADMIN_MAIL_BACKEND": "console"}, ["console", "console", "587"]),
        (
            {"NSADMIN_MAIL_HOST": "m", "NSADMIN_MAIL_BACKEND": "none"},
            ["none", "dummy", "587"],
        ),
    ],
)
def test_settings_follow_the_environment(given, told) -> None:
    code = (
        "from nsadmin import settings as s;"
        "print(s.NSADMIN_MAIL_WAY, s.EMAIL_BACKEND, s.EMAIL_PORT)"
    )
    kept = {k: v for k, v in os.environ.items() if "MAIL" not in k}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    shown = done.stdout.split()
    assert all(want in has for want, has in zip(told, shown, strict=True)), shown
