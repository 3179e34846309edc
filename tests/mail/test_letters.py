"""What customers typed cannot become a header, markup or a link of a mail."""

import re

import pytest

from nsadmin.access.mails import account
from nsadmin.mail.delivery import message_of
from nsadmin.mail.kinds import Asked
from nsadmin.mail.letters import harmless, one_line, render
from nsadmin.mail.models import Mail
from tests.hostile.texts import HOSTILE

VALUES = {"role": "viewer", "link": "https://a.example/join/x/", "link_word": "Join"}


def invitation(organization: str):
    names = {"organization": harmless(organization), "by": harmless(organization)}
    return render("invitation", {**VALUES, **names, "expires_at": None})


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_name(name: str, settings) -> None:
    letter = invitation(name)
    message = message_of("a@example.org", letter, Mail().mail_id).message()
    headers = dict(message.items())
    assert set(headers) == {
        *("Content-Type", "MIME-Version", "Subject", "From", "To", "Date"),
        *("Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"),
    }
    assert "\n" not in letter.subject
    assert len(letter.subject) <= 150
    tags = set(re.findall(r"<(/?\w+)", letter.html))
    bare = invitation("Northlight")
    assert tags == set(re.findall(r"<(/?\w+)", bare.html))
    assert letter.text.count("https://") == bare.text.count("https://") == 1


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Northlight  Media\r\nBcc: a", "Northlight Media Bcc: a"),
        ("a" * 100, "a" * 59 + "…"),
        ("right\u202eleft\u200b", "rightleft"),
        ("evil.example", "evil.\u2060example"),
        ("http://evil", "http:\u2060/\u2060/\u2060evil"),
        ("Dr. Ana", "Dr. Ana"),
    ],
)
def test_harmless_names(name: str, kept: str) -> None:
    assert harmless(name) == kept


def test_text_is_not_escaped_and_markup_is() -> None:
    letter = invitation("Müller & Söhne <Köln>")
    assert "“Müller & Söhne <Köln>”" in letter.text
    assert "Müller &amp; Söhne &lt;Köln&gt;" in letter.html
    assert letter.subject == "Join Müller & Söhne <Köln> in nsadmin"


def test_a_line_is_cut_at_its_length() -> None:
    assert len(one_line("ab " * 100)) == 150


@pytest.mark.parametrize("name", account.NOTICES)
def test_every_notice_says_what_happened(name: str) -> None:
    letter = account._notice(
        Asked(
            "a@example.org",
            {"name": name, "browser": "x", "address": "", "at": "2026-01-02T03:04:05"},
        )
    )
    assert letter is not None
    assert letter.subject == account.NOTICES[name].rstrip(".")
    assert account.NOTICES[name] in letter.text
    assert "When: 2 January 2026, 03:04 UTC" in letter.text
    assert "Address: unknown" in letter.text
    assert not re.search(r"\{[%{]", letter.text + letter.html)
