"""An operator finds one meaning for the id of a system check."""

import ast
import re
from collections import defaultdict

from tests.conventions import source

ID = re.compile(r"[EWI]\d{3}")


def test_the_id_of_a_check_stands_in_one_function() -> None:
    """The docstring of a check names the ids that it gives."""
    found = defaultdict[str, set[str]](set)
    for module in source.modules():
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                for each in ID.findall(ast.get_docstring(node) or ""):
                    found[each].add(f"{module.path}: {node.name}")
    assert len(found) >= 25
    assert {each: where for each, where in found.items() if len(where) > 1} == {}
