"""`docs/contract.md` is whole, and what it names is there."""

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

from nsadmin.namespaces.schema.creation import NewNamespace
from nsadmin.namespaces.schema.infrastructure import InfrastructureInput
from nsadmin.namespaces.schema.patch import NamespacePatch
from tests.api.endpoints import ENDPOINTS
from tests.contract.api import shapes

ROOT = Path(__file__).resolve().parents[2]
_ROW = re.compile(r"\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|")


def read() -> dict[str, list[tuple[str, str, str]]]:
    """Return the rows of each table by its heading; a row with an empty cell fails."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    heading = ""
    for line in (ROOT / "docs/contract.md").read_text().splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith(("| `", "| |")):
            row = _ROW.fullmatch(line)
            assert row is not None, line
            found.setdefault(heading, []).append((row[1], row[2], row[3]))
    return found


TABLES = read()
ROWS = [row for rows in TABLES.values() for row in rows]


@lru_cache
def functions(file: str) -> frozenset[str]:
    """Return the names of the functions of a file."""
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))


@pytest.mark.parametrize(
    "place", sorted({place for _, *places in ROWS for place in places})
)
def test_what_is_named_is_there(place: str) -> None:
    file, _, function = place.partition("::")
    assert function in functions(file), place


def test_tests_are_tests() -> None:
    for what, _, test in ROWS:
        assert re.match(r"tests/.*::test_", test), what


@pytest.mark.parametrize(
    ("heading", "wanted"),
    [
        ("Endpoints", {str(endpoint) for endpoint in ENDPOINTS}),
        ("A namespace as it is answered", set(shapes.NamespaceModel.model_fields)),
        ("PATCH", set(NamespacePatch.model_fields)),
        ("Create", set(NewNamespace.model_fields)),
        ("Infrastructure", set(InfrastructureInput.model_fields)),
        (
            "Clone",
            {f"response.{name}" for name in shapes.Clone.model_fields}
            | {
                "request.namespace_name",
                "request.include_resources",
                "request.description",
                "request.source_organization_id",
                "request.leave_out_foreign_points",
            },
        ),
    ],
)
def test_nothing_is_missing(heading: str, wanted: set[str]) -> None:
    listed = [what for what, _, _ in TABLES[heading]]
    assert sorted(listed) == sorted(wanted)
