"""What a name may hold: what is seen, in any language."""

import sys
import unicodedata

import pytest

from nsadmin import names
from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.text import clean_name
from nsadmin.templates.fields import parse_template

# Bidi, zero-width, fillers, blanks, variation selectors, joiners, tags.
HIDDEN = (
    "\u202e\u2066\u200f\u061c\u200b\u2060\ufeff\u00ad\u3164\u115f\u1160\uffa0\u2800"
    "\ufe00\ufe0f\U000e0100\u180b\u180e\u034f\u17b4\u200c\u200d\U000e0041\x07\u2028"
)
SEEN = (
    "länder",
    "کتب فیلم",
    "हिन्दी",
    "한국어",
    "ภาษาไทย",
    "Ελλάδα",
    "עברית",
    "名前 の 空間",
    "монгол",
    "ភាសាខ្មែរ",
    "🎬 films",
    "café & co. (2)",
)


@pytest.mark.parametrize("hidden", HIDDEN, ids=lambda c: f"U+{ord(c):04X}")
def test_what_nobody_sees_is_in_no_name(hidden):
    with pytest.raises(Invalid) as refused:
        clean_name(f"film{hidden}archive")
    assert f"U+{ord(hidden):04X}" in refused.value.message
    for key, body in (
        ("template_name", {"template_name": f"film{hidden}archive"}),
        ("tags.0", {"template_name": "fine", "tags": [f"a{hidden}b"]}),
        ("category", {"template_name": "fine", "category": f"a{hidden}b"}),
    ):
        with pytest.raises(Invalid) as refused:
            parse_template(body)
        assert set(refused.value.errors) == {key}


@pytest.mark.parametrize(
    "blank",
    [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) == "Zs"],
    ids=lambda c: f"U+{ord(c):04X}",
)
def test_one_space_stands_for_every_run_of_blanks(blank):
    assert clean_name(f"{blank}film{blank}archive{blank}") == "film archive"
    assert clean_name(f"film {blank}{blank} archive") == "film archive"
    template = parse_template({"template_name": f"film{blank}archive"})
    assert template.template_name == "film archive"


@pytest.mark.parametrize("name", SEEN)
def test_letters_of_every_language_are(name):
    stored = unicodedata.normalize("NFC", name)
    assert clean_name(f" {name} ") == stored
    assert parse_template({"template_name": f" {name} "}).template_name == stored


def test_letters_and_digits_are_hidden_nowhere_else():
    """Of all letters and marks only those that Unicode lets fonts leave out."""
    found = {
        ord(c)
        for c in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(c)[0] in "LMN" and names.is_hidden(c)
    }
    fillers = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0}
    selectors = {*range(0x180B, 0x1810), *range(0xFE00, 0xFE10)}
    selectors |= set(range(0xE0100, 0xE01F0))
    assert fillers <= found <= fillers | selectors


@pytest.mark.parametrize("text", [*SEEN, HIDDEN, "", "a\n", "-\nb\r", "x" * 5000])
def test_a_search_text_gives_back_its_lines(text: str) -> None:
    texts = (text, "Plain words", text)
    lines = "\n".join(names.folded(part[:4000]) for part in texts)[:4000]
    assert names.search_lines(*texts) == lines
    assert names.lines_of(names.search_text(*texts)) == lines


def test_plain_texts_are_searched_like_others() -> None:
    plain = ("Fish & Chips", "ns_1", "A-Z_0~9")
    assert names.search_lines(*plain) == "\n".join(map(names.folded, plain))
