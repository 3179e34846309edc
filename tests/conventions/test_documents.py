"""What the documents name is there: files, links, commands, settings."""

import importlib.util
import re
from argparse import ArgumentParser, _SubParsersAction
from functools import lru_cache
from pathlib import Path

import pytest
from django.core.management import (
    find_commands,
    get_commands,
    load_command_class,
)

from nsadmin import embedded
from nsadmin.cli import WORKERS
from tests.conventions import documents
from tests.conventions.source import ROOT, modules

PAGES = documents.documents()


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_paths_lead_somewhere(page: Path) -> None:
    named = set(documents.paths(page.read_text()))
    assert {
        path for path in named if not documents.is_there(path, page.parent)
    } == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_links_lead_somewhere(page: Path) -> None:
    targets = set(documents.links(page.read_text()))
    assert {t for t in targets if not (page.parent / t).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_commands_are_real(page: Path) -> None:
    for words in documents.commands(page.read_text()):
        assert fault(words) == "", words


@lru_cache
def known_settings() -> frozenset[str]:
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / ".ci").iterdir()]
    sources = [module.source for module in modules()]
    sources += [file.read_text() for file in files]
    return frozenset(documents.settings_named("\n".join(sources)))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_settings_are_read_somewhere(page: Path) -> None:
    assert documents.settings_named(page.read_text()) <= known_settings()


def fault(words: list[str]) -> str:
    """Return what is wrong with a command, '' if nothing is."""
    program, *arguments = words
    program = program.rpartition("/")[2]
    if program == "make":
        targets = [word for word in arguments if "=" not in word]
        return "" if set(targets) <= make_targets() else "no such target"
    if program in ("python", "python3"):
        return fault_of_python(arguments)
    if program == "manage.py":
        return fault_of_command(arguments)
    if program == "nsadmin":
        return fault_of_nsadmin(arguments)
    return "" if (ROOT / ".venv/bin" / program).exists() else "no such program"


def fault_of_python(arguments: list[str]) -> str:
    if arguments[0].endswith("manage.py"):
        return fault_of_command(arguments[1:])
    if arguments[0] == "-m" and arguments[1] != "venv":
        spec = importlib.util.find_spec(arguments[1])
        return "" if spec is not None else "no such module"
    return ""


def fault_of_nsadmin(arguments: list[str]) -> str:
    own = ("serve", "beat", "worker", "alive", "help", "version")
    if not arguments or arguments[0] in own:
        worker = arguments[:1] == ["worker"]
        is_unknown = worker and arguments[1] not in {*WORKERS, "QUEUE"}
        return "no such queue" if is_unknown else ""
    return fault_of_command(arguments)


def fault_of_command(arguments: list[str]) -> str:
    command, *rest = arguments
    # `manage.py` installs the app of the demo for its commands alone.
    demo = find_commands(str(Path(embedded.__file__).parent / "management"))
    known = {**get_commands(), **dict.fromkeys(demo, "nsadmin.embedded")}
    if command not in known:
        return "no such command"
    parser = load_command_class(known[command], command).create_parser("", command)
    given = {word.partition("=")[0] for word in rest if word.startswith("--")}
    unknown = given - options(parser)
    return f"no such options: {unknown}" if unknown else ""


def options(parser: ArgumentParser) -> set[str]:
    """Return the options of a command and of its verbs."""
    found = set()
    for action in parser._actions:
        found |= set(action.option_strings)
        if isinstance(action, _SubParsersAction):
            for verb in action.choices.values():
                found |= options(verb)
    return found


@lru_cache
def make_targets() -> frozenset[str]:
    text = (ROOT / "Makefile").read_text()
    return frozenset(re.findall(r"^([\w-]+):", text, re.MULTILINE))


def test_there_are_pages_and_commands() -> None:
    assert len(PAGES) > 40
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert ["make", "check"] in list(documents.commands(text))
    assert len(list(documents.paths(text))) > 15


def test_faults_of_documents_are_seen() -> None:
    text = (
        "`nsadmin/api/gone.py` [a](gone.md) [b](https://a.b) `http.py`\n"
        "```sh\nA=b make gone  # so\npython manage.py seal rotate --gone\n```\n"
        "    .venv/bin/pytest tests\n"
    )
    assert list(documents.paths(text)) == ["nsadmin/api/gone.py", "http.py"]
    assert not documents.is_there("nsadmin/api/gone.py", ROOT)
    assert documents.is_there("nsadmin/namespaces/plan/steps*", ROOT)
    assert documents.is_there("permissions.py", ROOT)
    assert list(documents.links(text)) == ["gone.md"]
    first, second, third = documents.commands(text)
    assert fault(first) == "no such target"
    assert fault(second) == "no such options: {'--gone'}"
    assert fault(third) == ""
    assert fault(["manage.py", "gone"]) == "no such command"
    assert fault(["nsadmin", "gone"]) == "no such command"
    assert fault(["nsadmin", "worker", "gone"]) == "no such queue"
    assert fault(["python", "-m", "tests.gone"]) == "no such module"
    assert documents.settings_named("`NSADMIN_GONE`") == {"NSADMIN_GONE"}
