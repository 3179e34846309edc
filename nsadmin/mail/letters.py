"""The words of a mail: one template, rendered once as plain text and once as HTML.

The templates in `templates/mail/` extend the `layout` of their context. What customers
typed, such as names, goes through `harmless` before it gets there.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, Final

from django.conf import settings
from django.template import Context
from django.template.loader import get_template
from django.utils.encoding import punycode

SUBJECT_MAX: Final = 150
_NAME_MAX: Final = 60
# After these a mail program would take what follows as the rest of an address.
_LINKING = re.compile(r"([.:/@])(?=\S)")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
_WORD_JOINER: Final = "\u2060"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail without its addresses; `html` is empty for one that is plain text only."""

    subject: str
    text: str
    html: str = ""


def render(name: str, values: Mapping[str, Any]) -> Letter:
    """Return the mail of `templates/mail/NAME.txt` with these values.

    `link` and `link_word` among them are the one link that the mail leads to. The first
    line of the plain text is the subject.
    """
    template = get_template(f"mail/{name}.txt").template  # type: ignore[attr-defined]
    plain = {**values, "layout": "mail/layout.txt"}
    text = template.render(Context(plain, autoescape=False))
    subject, _, body = _EMPTY_LINES.sub("\n\n", text.strip()).partition("\n")
    marked_up = {**values, "layout": "mail/layout.html"}
    html = template.render(Context(marked_up))
    return Letter(one_line(subject), f"{body.strip()}\n", f"{html.strip()}\n")


def sender_domain() -> str:
    """Return the domain of the sender's address, for greetings and Message-IDs."""
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return punycode(address.rpartition("@")[2]) or "localhost"


def one_line(text: str, longest: int = SUBJECT_MAX) -> str:
    """Return a text in one line without invisible characters, cut where it is long.

    A header of a mail is made of it, which a line end would split into two.
    """
    seen = "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Zs") else c
        for c in text
        if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn")
    )
    words = " ".join(seen.split())
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


def harmless(text: str) -> str:
    """Return a name that a customer chose as a mail to a stranger may carry it.

    It is one line of at most 60 characters, in which no mail program finds an address
    to make a link of.
    """
    return _LINKING.sub(rf"\1{_WORD_JOINER}", one_line(text, _NAME_MAX))
