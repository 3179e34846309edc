"""Folders, files and functions stay small; a step kind is known to its own module."""

import pytest

from tests.conventions import sizes
from tests.conventions.source import Module, modules, sample

# What is still too long; the lists only get shorter.
LONG_FILES: set[str] = set()
LONG_FUNCTIONS: set[str] = set()


def test_no_folder_is_crowded() -> None:
    assert sizes.crowded(modules()) == {}


def test_no_file_is_long() -> None:
    assert set(sizes.long_files(modules())) == LONG_FILES


def test_no_function_is_long() -> None:
    assert set(sizes.long_functions(modules())) == LONG_FUNCTIONS


def test_most_functions_are_short() -> None:
    assert sizes.median(modules()) <= sizes.MOST_MEDIAN


def test_a_step_kind_is_known_to_its_own_module() -> None:
    classes = sizes.step_classes(modules())
    asking = {m.path for m in modules() if sizes.type_questions(m, classes)}
    assert asking == set()


def test_the_step_kinds_are_found() -> None:
    assert {"SetField", "CreateIndex", "DropIndex"} <= set(
        sizes.step_classes(modules())
    )


def files(count: int) -> list[Module]:
    return [
        sample("", "nsadmin/room/__init__.py"),
        *(sample("", f"nsadmin/room/m{number}.py") for number in range(count)),
    ]


def of_lines(count: int) -> str:
    return "def f():\n" + "    pass\n" * (count - 1)


def test_limits_know_good_from_bad() -> None:
    assert sizes.crowded(files(16)) == {}
    assert sizes.crowded(files(17)) == {"nsadmin/room": 17}
    assert sizes.long_files([sample("\n" * 300)]) == {}
    assert sizes.long_files([sample("\n" * 301)]) == {"nsadmin/sample.py": 301}
    assert sizes.long_functions([sample(of_lines(50))]) == {}
    assert sizes.long_functions([sample(of_lines(51))]) == {"nsadmin/sample.py::f": 51}
    assert sizes.median([sample(of_lines(3) + of_lines(9) + of_lines(9))]) == 9


STEPS = sample(
    "class SetField:\n  kind: ClassVar[str] = 'set_field'\n"
    "def f(step):\n  return isinstance(step, SetField)",
    "nsadmin/namespaces/plan/steps/fields.py",
)


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("from a.steps import SetField as S\nisinstance(x, S)", 1),
        ("from a import steps\nisinstance(x, steps.SetField | int)", 1),
        ("from a.steps import SetField\nisinstance(x, (int, SetField))", 1),
        ("match x:\n  case SetField(): pass", 1),
        ("type(x) is SetField", 1),
        ("isinstance(x, str)", 0),
        ("SetField('a', 1, 2)", 0),
        ("x.kind == 'set_field'", 0),
    ],
)
def test_a_question_for_a_step_kind_is_seen(source: str, count: int) -> None:
    classes = sizes.step_classes([STEPS])
    assert classes == {"SetField": STEPS.path}
    assert sizes.type_questions(sample(source), classes) == count
    assert sizes.type_questions(STEPS, classes) == 0
