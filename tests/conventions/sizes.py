"""How large things may be, each limit as a function from modules to what exceeds it."""

import ast
import statistics
from collections import Counter
from collections.abc import Iterable

from tests.conventions.source import Function, Module

MOST_FILES = 16
MOST_LINES = 300
MOST_FUNCTION_LINES = 50
MOST_MEDIAN = 8


def crowded(modules: Iterable[Module]) -> dict[str, int]:
    """Return {folder: files} of folders with too many files beside `__init__`."""
    files = Counter(m.package for m in modules if not m.path.endswith("/__init__.py"))
    return {folder: count for folder, count in files.items() if count > MOST_FILES}


def long_files(modules: Iterable[Module]) -> dict[str, int]:
    return {m.path: m.lines for m in modules if m.lines > MOST_LINES}


def length(function: Function) -> int:
    """Return the lines from `def` to the end, decorators not counted."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def long_functions(modules: Iterable[Module]) -> dict[str, int]:
    return {
        f"{module.path}::{function.name}": length(function)
        for module in modules
        for function in module.functions
        if length(function) > MOST_FUNCTION_LINES
    }


def median(modules: Iterable[Module]) -> float:
    return statistics.median(length(f) for m in modules for f in m.functions)


def is_step_class(node: ast.AST) -> bool:
    """Tell whether this is a class of steps: it gives its `kind` a value."""
    return isinstance(node, ast.ClassDef) and any(
        "kind" in _targets(part) and getattr(part, "value", None) is not None
        for part in node.body
    )


def _targets(node: ast.stmt) -> set[str]:
    """Return the names that a statement assigns to."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def step_classes(modules: Iterable[Module]) -> dict[str, str]:
    """Return {class: path} of the step kinds, each with the module that has it."""
    return {
        node.name: module.path
        for module in modules
        if module.path.startswith("nsadmin/namespaces/plan/steps")
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and is_step_class(node)
    }


def _asked(node: ast.AST) -> list[ast.expr]:
    """Return the expressions that name classes in a question for a type."""
    if isinstance(node, ast.Call) and _callee(node) in ("isinstance", "issubclass"):
        return node.args[1:]
    if isinstance(node, ast.MatchClass):
        return [node.cls]
    if isinstance(node, ast.Compare) and _callee(node.left) == "type":
        return node.comparators
    return []


def _callee(node: ast.expr) -> str:
    """Return the plain name that is called, else ''."""
    called = node.func if isinstance(node, ast.Call) else None
    return called.id if isinstance(called, ast.Name) else ""


def type_questions(module: Module, classes: dict[str, str]) -> int:
    """Count the questions which step kind something is, outside that kind's module."""
    foreign = {name for name, path in classes.items() if path != module.path}
    count = 0
    for node in ast.walk(module.tree):
        names = {
            _name(part, module)
            for expression in _asked(node)
            for part in ast.walk(expression)
        }
        count += bool(names & foreign)
    return count


def _name(node: ast.AST, module: Module) -> str:
    """Return the class that a name or an attribute stands for, whatever its alias."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return module.aliases.get(node.id, node.id).rpartition(".")[2]
    return ""
