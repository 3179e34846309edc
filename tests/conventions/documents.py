"""The documents of the repository: the paths, links, commands and settings in them."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.conventions.source import ROOT

_SUFFIXES = r"(?:py|md|html|txt|toml|css|js)"
_IN_A_FOLDER = re.compile(
    r"(?:nsadmin|tests|docs|templates|static|requirements)/[\w./*-]*"
)
_A_FILE = re.compile(rf"(?:[\w-]+/)*[\w.-]+\.{_SUFFIXES}")
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)


def documents() -> list[Path]:
    """Return every page: those beside this one's folder and all of docs/."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def spans(text: str) -> Iterator[str]:
    """Yield what stands between single backticks, outside blocks of code."""
    yield from re.findall(r"`([^`\n]+)`", _FENCE.sub("", text))


def paths(text: str) -> Iterator[str]:
    """Yield the paths that a page names, without `::function`."""
    for span in spans(text):
        path = span.partition("::")[0]
        if _IN_A_FOLDER.fullmatch(path) or _A_FILE.fullmatch(path):
            yield path


def is_there(path: str, folder: Path) -> bool:
    """Tell whether a path leads somewhere: from the root, the package or the page.

    A bare file name may be that of any module.
    """
    places = [ROOT, ROOT / "nsadmin", folder]
    if any(any(place.glob(path.rstrip("/"))) for place in places):
        return True
    return "/" not in path and any((ROOT / "nsadmin").rglob(path))


def links(text: str) -> Iterator[str]:
    """Yield the targets of links into the repository, without their anchors."""
    for target in re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", text)):
        if not re.match(r"[a-z]+:|#", target):
            yield target.partition("#")[0]


def commands(text: str) -> Iterator[list[str]]:
    """Yield the commands of a page as words, of blocks of shell and of single spans.

    Assignments and prompts before a command, and comments after it, are left out.
    """
    lines = [
        line
        for _, language, body in _FENCE.findall(text)
        if language == "sh"
        for line in body.replace("\\\n", " ").splitlines()
    ]
    lines += re.findall(r"^ {4}(\S.*)$", text.replace("\\\n", " "), re.MULTILINE)
    for line in [*lines, *spans(text)]:
        words = _words(line)
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            words = words[1:]
        if words and _is_ours(words):
            yield words


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:  # a quotation that goes on in the next line
        return []


def _is_ours(words: list[str]) -> bool:
    if words[0].startswith(("#", "-")):
        return False
    name = words[0].rpartition("/")[2]
    return len(words) > 1 and name in PROGRAMS


PROGRAMS = {"make", "manage.py", "nsadmin", "python", "python3", "celery"} | {
    "pytest",
    "pre-commit",
    "ruff",
    "mypy",
    "lint-imports",
}


def settings_named(text: str) -> set[str]:
    """Return the environment variables that a page names, but for a mere beginning."""
    return set(re.findall(r"\bNSADMIN_[A-Z_]*[A-Z]\b", text)) - {"NSADMIN_TEST"}
