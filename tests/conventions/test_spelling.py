"""Pages, answers and documents are spelled in one way: the American one."""

import re
from pathlib import Path

import pytest

from tests.conventions import documents
from tests.conventions.source import ROOT

# "cancelled" is a state that was published; "grey" is also a word of Qdrant, and
# "optimising" the stored key of a status, which no reader sees.
_BRITISH = re.compile(
    r"\b(?:\w*(?:colour|favour|honour|behaviour|neighbour|defence|offence)s?"
    r"|(?:optim|normal|organ|synchron|initial|serial|recogn|minim|maxim)is(?:e|ed|es|ing)"
    r"|licences?|judgement|whilst|fulfil|modelled|analys(?:e|ed|es|ing))\b",
    re.IGNORECASE,
)
_KEYS = re.compile(r'"optimising"')
FILES = [
    *documents.documents(),
    *sorted((ROOT / "templates").rglob("*.*")),
    *sorted((ROOT / "nsadmin").rglob("*.py")),
]


def british(text: str) -> list[str]:
    return _BRITISH.findall(_KEYS.sub("", text))


def test_british_words_are_found() -> None:
    assert british("It is optimising; a colour, two neighbours") == [
        "optimising",
        "colour",
        "neighbours",
    ]
    assert british('{"optimising": "Optimizing"}') == []


@pytest.mark.parametrize(
    "folder", ["docs", "templates", "nsadmin"], ids=lambda folder: folder
)
def test_the_words_are_american(folder: str) -> None:
    chosen: list[Path] = [
        file for file in FILES if folder in file.relative_to(ROOT).parts
    ]
    assert len(chosen) > 20
    found = {
        file.relative_to(ROOT).as_posix(): words
        for file in chosen
        if (words := british(file.read_text()))
    }
    assert found == {}
