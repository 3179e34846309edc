"""The modules of nsadmin as syntax trees, for the tests of layout and sizes."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One source file; `path` is relative to the repository, with slashes."""

    path: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @cached_property
    def package(self) -> str:
        """The folder of the file, such as `nsadmin/pages/common`."""
        return self.path.rpartition("/")[0]

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Every imported local name with the dotted name that it stands for."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    local = alias.asname or alias.name.partition(".")[0]
                    found[local] = alias.name if alias.asname else local
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    name = f"{node.module}.{alias.name}"
                    found[alias.asname or alias.name] = name
        return found

    @cached_property
    def imports(self) -> frozenset[str]:
        """The dotted names of all imports, `a.b` for `from a import b`."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        return frozenset(found)

    def resolved(self, node: ast.expr) -> str:
        """Return `a.b.c` for a chain of names that begins with an import, else ''."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.aliases:
            return ""
        return ".".join([self.aliases[node.id], *reversed(parts)])

    @cached_property
    def uses(self) -> frozenset[str]:
        """Every dotted name that the code reaches by way of an import."""
        chains = (
            self.resolved(node)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Name | ast.Attribute)
        )
        return frozenset(filter(None, chains)) | self.imports

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        return tuple(n for n in ast.walk(self.tree) if isinstance(n, Function))

    @property
    def lines(self) -> int:
        return len(self.source.splitlines())

    def calls(self) -> Iterator[ast.Call]:
        yield from (n for n in ast.walk(self.tree) if isinstance(n, ast.Call))


def sample(source: str, path: str = "nsadmin/sample.py") -> Module:
    """Return a made-up module on which a rule is tried."""
    return Module(path, source)


@lru_cache
def modules() -> tuple[Module, ...]:
    """Return every module of nsadmin but its migrations."""
    paths = sorted((ROOT / "nsadmin").rglob("*.py"))
    return tuple(
        Module(path.relative_to(ROOT).as_posix(), path.read_text())
        for path in paths
        if "migrations" not in path.parts
    )


@lru_cache
def production() -> tuple[Module, ...]:
    """Return the modules that run in production: all but the embedded servers."""
    return tuple(m for m in modules() if not m.path.startswith("nsadmin/embedded/"))
