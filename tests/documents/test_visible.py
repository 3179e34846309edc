"""Characters that nobody can see are marked, those of a writing are left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsadmin.documents.shown.cells import MAX_CELL_BYTES, cell, cut
from nsadmin.documents.shown.visible import visible
from nsadmin.names import is_hidden


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("", "(empty)"),
        ("  ", "“  ”"),
        ("\u202egnp.exe", "⟨U+202E⟩gnp.exe"),
        ("pay\u200bpal", "pay⟨U+200B⟩pal"),
        ("pay\u200dpal", "pay⟨U+200D⟩pal"),
        ("a\ufeff\x07b", "a⟨U+FEFF⟩⟨U+0007⟩b"),
        ("a\nb\tc", "a\nb\tc"),
        ("क्\u200dष", "क्\u200dष"),
        ("❤\ufe0f 👩\u200d💻", "❤\ufe0f 👩\u200d💻"),
        ("\u200b" * 6, "⟨U+200B⟩" * 4 + "\ufffd" * 2),
        ("\ue000\U000cfffe", "\ue000\U000cfffe"),
    ],
)
def test_a_hidden_character_is_marked(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_cell_marks_them_within_its_bytes() -> None:
    assert cell("\u202eabc").text == "⟨U+202E⟩abc"
    assert cell({"\u200b": "\u202e"}).text == '{"⟨U+200B⟩": "⟨U+202E⟩"}'
    text, is_cut = cut("a\u200b" * 500)
    assert is_cut
    assert len(text.encode()) <= MAX_CELL_BYTES
    assert text.endswith("…")


@given(st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"]), max_size=40))
def test_nothing_hidden_is_left_after_latin_letters(text: str) -> None:
    latin = "".join("x" + character for character in text)
    assert not any(is_hidden(c) for c in visible(latin) if c not in "\n\t")
