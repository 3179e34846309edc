"""A strict YAML parser: plain values with their lines, or errors by line. Pure.

Features of YAML that a configuration does not need and that are dangerous are refused:
aliases that expand to gigabytes, tags that create objects, duplicate keys.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from nsadmin.errors import Invalid

MAX_BYTES = 256 * 1024
_MAX_NODES = 20_000
_MAX_DEPTH = 12
_PLAIN: Mapping[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:null": lambda _text: None,
    "tag:yaml.org,2002:bool": lambda text: text.lower() == "true",
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
}


@dataclass(frozen=True, slots=True)
class ParsedYaml:
    """The values of a text; `lines` has the line of each path, counted from 1."""

    data: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)

    def line_of(self, path: str) -> int:
        """Return the line of a path, or of its nearest parent in the text."""
        while path and path not in self.lines:
            path = path.rpartition(".")[0]
        return self.lines.get(path, 1)


class _Loader(yaml.SafeLoader):
    """A loader whose plain scalars are text, true, false, null or decimal numbers."""


_WORDS = {
    "tag:yaml.org,2002:bool": r"true|True|TRUE|false|False|FALSE",
    "tag:yaml.org,2002:null": r"~|null|Null|NULL|",
    "tag:yaml.org,2002:int": r"[-+]?(?:0|[1-9][0-9]{0,17})",
    "tag:yaml.org,2002:float": r"[-+]?[0-9]+\.[0-9]+(?:[eE][-+][0-9]+)?",
}
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern in _WORDS.items():
    _Loader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), None)


def line_error(line: int, message: str) -> Invalid:
    """Return an error at a line, counted from 1."""
    return Invalid(f"Line {line}: {message}", errors={f"line {line}": [message]})


def parse(text: str) -> ParsedYaml:
    """Parse a text, or raise Invalid with each error at its line."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise line_error(1, f"The text has more than {MAX_BYTES // 1024} KiB.")
    try:
        _require_plain(text)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"U+{error.character:04X} is not allowed in YAML."
        raise line_error(line, message) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise line_error(line, _syntax_message(error)) from None
    if not isinstance(root, yaml.MappingNode):
        raise line_error(1, "The text must be a mapping of keys to values.")
    lines: dict[str, int] = {}
    errors: dict[str, list[str]] = {}
    data = _value(root, "", lines, errors)
    if errors:
        first, messages = next(iter(errors.items()))
        raise Invalid(f"{first.capitalize()}: {messages[0]}", errors=errors)
    return ParsedYaml(data, lines)


def _syntax_message(error: yaml.MarkedYAMLError) -> str:
    problem = (error.problem or "it cannot be read").split("\n")[0][:200]
    return f"This is not YAML: {problem}."


def _require_plain(text: str) -> None:
    """Raise Invalid for unneeded features; parsing events is safe for any text."""
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise line_error(
                line, "Anchors and aliases are not supported; repeat the value."
            )
        if getattr(event, "tag", None) is not None:
            raise line_error(line, "Tags are not supported; write the plain value.")
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise line_error(line, "There is a second document; only one is allowed.")
        nodes += isinstance(event, yaml.NodeEvent)
        if nodes > _MAX_NODES:
            raise line_error(line, f"There are more than {_MAX_NODES:,} values.")
        depth += isinstance(event, yaml.CollectionStartEvent)
        if depth > _MAX_DEPTH:
            raise line_error(line, f"This is nested deeper than {_MAX_DEPTH} levels.")
        depth -= isinstance(event, yaml.CollectionEndEvent)


def _value(
    node: yaml.Node, path: str, lines: dict[str, int], errors: dict[str, list[str]]
) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines, errors)
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(item, f"{path}.{number}".lstrip("."), lines, errors)
            for number, item in enumerate(node.value)
        ]
    return _PLAIN[node.tag](node.value)


def _mapping(
    node: yaml.MappingNode,
    path: str,
    lines: dict[str, int],
    errors: dict[str, list[str]],
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        is_text = isinstance(key_node, yaml.ScalarNode) and key_node.tag.endswith("str")
        if not is_text:
            errors.setdefault(f"line {line}", []).append("A key must be a plain word.")
            continue
        key = key_node.value
        inner = f"{path}.{key}".lstrip(".")
        if key in values:
            message = f"{key} appears twice; first in line {lines[inner]}."
            errors.setdefault(f"line {line}", []).append(message)
            continue
        lines[inner] = line
        values[key] = _value(value_node, inner, lines, errors)
    return values
