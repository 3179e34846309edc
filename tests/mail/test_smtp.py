"""The connection to a mail server: TLS, the user, the time limit, what is told."""

import time

import pytest
from django.core.mail import get_connection
from django.core.management import CommandError, call_command

from tests.mail.servers import PASSWORD, USER, answering, free_port, mail_server
from tests.tls_front import tls_front

# The beginning of a handshake that goes on for 16 KiB.
TLS_RECORD = b"\x16\x03\x03\x40\x00"
TO = "mara@northlight.example"


def taken(capsys, to: str = TO) -> str:
    call_command("mail", "test", to)
    return capsys.readouterr().out


def refused(to: str = TO) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("mail", "test", to)
    return str(caught.value)


def test_a_plain_server_takes_a_mail(inbox, capsys) -> None:
    assert f"the mail to {TO} was taken" in taken(capsys)
    mail = inbox.mails[0]
    assert (mail["To"], mail["From"]) == (TO, "nsadmin <nsadmin@northlight.example>")
    assert inbox.senders == ["nsadmin@northlight.example"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@northlight.example>")
    assert inbox.greeted == ["northlight.example"]
    assert "The mail server took this mail" in inbox.text()


def test_a_sender_with_letters_of_another_alphabet(inbox, settings, capsys) -> None:
    settings.DEFAULT_FROM_EMAIL = "Städte <nsadmin@städte.example>"
    assert "was taken" in taken(capsys)
    assert inbox.greeted == ["xn--stdte-hra.example"]
    assert inbox.mails[0]["Message-ID"].endswith("@xn--stdte-hra.example>")


def test_starttls_protects_the_user_and_the_mail(
    authority, led_to, settings, capsys
) -> None:
    with mail_server(authority, wants_user=True) as inbox:
        led_to(inbox.port, tls="starttls")
        settings.NSADMIN_MAIL_CA_FILE = authority.ca_file
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = USER, PASSWORD
        assert f"with STARTTLS, user {USER}: the mail" in taken(capsys)
        assert inbox.is_secret == [True]


def test_an_unknown_authority_is_not_trusted(authority, led_to) -> None:
    with mail_server(authority) as inbox:
        led_to(inbox.port, tls="starttls")
        assert "certificate is not trusted" in refused()
        assert not inbox.mails


def test_a_certificate_for_another_host_is_not_trusted(
    authority, led_to, settings
) -> None:
    with mail_server(authority) as inbox:
        led_to(inbox.port, tls="starttls")
        settings.EMAIL_HOST = "localhost"  # the certificate is for the address
        settings.NSADMIN_MAIL_CA_FILE = authority.ca_file
        assert "certificate is not trusted" in refused()


def test_tls_from_the_first_byte(authority, led_to, settings, capsys) -> None:
    with mail_server() as inbox, tls_front(authority, inbox.port) as port:
        led_to(port, tls="implicit")
        settings.NSADMIN_MAIL_CA_FILE = authority.ca_file
        assert "with TLS: the mail" in taken(capsys)
        assert inbox.recipients == [TO]


def test_a_refused_user_is_named_as_the_cause(authority, led_to, settings) -> None:
    with mail_server(authority, wants_user=True) as inbox:
        led_to(inbox.port, tls="starttls")
        settings.NSADMIN_MAIL_CA_FILE = authority.ca_file
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = USER, "another"
        said = refused()
        assert "did not accept the user and the password (535)" in said
        assert "another" not in said
        assert not inbox.mails


def test_a_server_without_starttls_gets_no_mail_in_the_clear(led_to) -> None:
    with mail_server() as inbox:
        led_to(inbox.port, tls="starttls")
        assert "does not offer STARTTLS" in refused()
        assert not inbox.mails


def test_a_server_without_tls_is_told_from_one_with_it(led_to) -> None:
    with mail_server() as inbox:
        led_to(inbox.port, tls="implicit")
        assert "does not speak TLS" in refused()


def test_a_port_without_a_server_is_named(led_to) -> None:
    led_to(free_port())
    assert "Nothing listens at this host and port" in refused()


def test_an_unknown_host_is_named(led_to, settings) -> None:
    led_to(25)
    settings.EMAIL_HOST = "mail.invalid"
    assert "cannot be resolved" in refused()


@pytest.mark.parametrize(
    ("greeting", "every_s"),
    [(b"", 0), (b"220-" + b"x" * 4000, 0.05), (TLS_RECORD + b"x" * 4000, 0.05)],
    ids=["silent", "one byte after the other", "an endless handshake"],
)
@pytest.mark.parametrize("tls", ["none", "implicit"])
def test_a_slow_server_ends_within_the_time(led_to, greeting, every_s, tls) -> None:
    with answering(greeting, every_s=every_s) as port:
        led_to(port, tls=tls, timeout_s=0.7)
        began = time.monotonic()
        said = refused()
        assert time.monotonic() - began < 4
        wanted = ["did not answer within 0.7 s"]
        # A greeting in the clear is no TLS, which is noticed before the time is over.
        if greeting.startswith(b"220") and tls == "implicit":
            wanted = ["does not speak TLS"]
        assert any(words in said for words in wanted), said


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        (b"554 5.7.1 Not from here\r\n", "refused the connection (554)"),
        (b"421 4.3.2 Too busy\r\n", "refused the connection (421)"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is no mail server"),
    ],
)
def test_a_greeting_that_is_none_is_told(led_to, greeting, words) -> None:
    with answering(greeting) as port:
        led_to(port)
        assert words in refused()


def test_a_refusal_is_told_with_the_answer_of_the_server(inbox) -> None:
    inbox.to_recipients = ["550 5.1.1 There is no such person\x07"]
    said = refused()
    assert "refused the address of the recipient (550)" in said
    assert "The server said: 5.1.1 There is no such person" in said


def test_without_mail_the_test_says_what_to_set(settings) -> None:
    settings.NSADMIN_MAIL_WAY = "none"
    assert "Set NSADMIN_MAIL_HOST" in refused()


def test_what_is_no_address_is_refused_before_anything_is_sent(inbox) -> None:
    assert "is not an e-mail address" in refused("nobody\r\nBcc: all@example.org")
    assert not inbox.mails


def test_a_connection_serves_several_mails(inbox) -> None:
    from django.core.mail import EmailMessage

    connection = get_connection()
    connection.open()
    sent = [EmailMessage("Hello", "there", to=[TO]) for _ in range(2)]
    assert [connection.send_messages([mail]) for mail in sent] == [1, 1]
    assert connection.open() is False
    connection.close()
    assert len(inbox.mails) == 2


def test_mails_as_files(settings, tmp_path, capsys) -> None:
    settings.NSADMIN_MAIL_WAY = "file"
    settings.EMAIL_BACKEND = "nsadmin.mail.backends.folder.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mails")
    assert "The folder" in taken(capsys, "o'neill@northlight.example")
    (file,) = (tmp_path / "mails").iterdir()
    assert file.name.endswith(".eml")
    assert "o-neill@northlight.example" in file.name
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"To: o'neill@northlight.example" in file.read_bytes()


def test_a_folder_that_cannot_be_made_is_named(settings, tmp_path) -> None:
    settings.NSADMIN_MAIL_WAY = "file"
    settings.EMAIL_BACKEND = "nsadmin.mail.backends.folder.EmailBackend"
    (tmp_path / "file").write_text("in the way")
    settings.EMAIL_FILE_PATH = str(tmp_path / "file" / "mails")
    assert "The folder of the mails cannot be written" in refused()
