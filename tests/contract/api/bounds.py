"""The limits that the OpenAPI document tells, as values at them and beyond them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from nsadmin.api import docs_page
from tests.api.endpoints import ENDPOINTS, Endpoint
from tests.contract.api.valid import entries, text

Json = dict[str, Any]
Path = tuple[str | int, ...]
_BEYOND = {"minLength": -1, "maxLength": 1, "minItems": -1, "maxItems": 1}
_BEYOND |= {"minimum": -1, "maximum": 1}


@dataclass(frozen=True)
class Spot:
    """One property of a request, and one schema that its value may have."""

    endpoint: Endpoint
    place: str
    path: Path
    schema: Json
    nullable: bool = False
    types: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The property within its operation; `[]` is an entry of a list."""
        found = "".join("[]" if p == 0 else f".{p}" for p in self.path)[1:]
        return f"?{found}" if self.place == "query" else found

    @property
    def location(self) -> str:
        """Where a fault of it is reported."""
        under = "query." if self.place == "query" else ""
        return under + ".".join(map(str, self.path))

    def __str__(self) -> str:
        return f"{self.endpoint} {self.name}"


@dataclass(frozen=True)
class Case:
    """A value for a spot, and what it has to do with the spot's schema."""

    spot: Spot
    what: str
    value: Any

    @property
    def short(self) -> str:
        """The case's name without its operation."""
        return f"{self.spot.name} {self.what}"

    def __str__(self) -> str:
        return f"{self.spot} {self.what}"


@cache
def spots() -> tuple[Spot, ...]:
    """Every property of every request body and query string, nested ones included."""
    paths = docs_page.schema()["paths"]
    found: list[Spot] = []
    for endpoint in ENDPOINTS:
        operation = paths[f"/v1{endpoint.path}"][endpoint.method.lower()]
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                path = (parameter["name"],)
                found += _walk(endpoint, "query", path, parameter["schema"])
        if "requestBody" in operation:
            media = operation["requestBody"]["content"]["application/json"]
            for name, schema in media["schema"]["properties"].items():
                found += _walk(endpoint, "body", (name,), schema)
    return tuple(found)


def _walk(endpoint: Endpoint, place: str, path: Path, schema: Json) -> Iterator[Spot]:
    options = list(_options(schema))
    # A schema without a type takes any JSON, and so tells no limit.
    typed = [option for option in options if "type" in option]
    real = [option for option in typed if option["type"] != "null"]
    types = frozenset(option["type"] for option in real)
    for option in real:
        nullable = len(real) < len(options)
        yield Spot(endpoint, place, path, option, nullable, types)
        for name, inner in option.get("properties", {}).items():
            yield from _walk(endpoint, place, (*path, name), inner)
        if "items" in option:
            yield from _walk(endpoint, place, (*path, 0), option["items"])


def _options(schema: Json) -> Iterator[Json]:
    """Yield every schema that a value may have; a choice may be within a choice."""
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices is None:
        yield schema
    for choice in choices or ():
        yield from _options(choice)


def is_bounded(spot: Spot) -> bool:
    """Tell whether a text, number or list can only be so long or so large."""
    schema = spot.schema
    if "enum" in schema or "const" in schema:
        return True
    match schema["type"]:
        case "string":
            return "maxLength" in schema
        case "array":
            return "maxItems" in schema
        case "integer" | "number":
            return "minimum" in schema and "maximum" in schema
    return True


def values_of(spot: Spot) -> list[Any]:
    """Return the words that a property may be."""
    const = [spot.schema["const"]] if "const" in spot.schema else []
    return [*spot.schema.get("enum", []), *const]


@cache
def accepted() -> list[Case]:
    """Every value at a limit, every word of a choice, and null where it may be."""
    found = []
    for spot in spots():
        for limit, value in _at_limits(spot, beyond=False):
            found.append(Case(spot, limit, value))
        found += [Case(spot, f"is {word}", word) for word in values_of(spot)]
        if spot.nullable and spot.place == "body" and spot is _firsts()[str(spot)]:
            found.append(Case(spot, "is null", None))
    return found


@cache
def refused() -> list[Case]:
    """Every value just beyond a limit, an unknown word, and one of a wrong type."""
    found = []
    for spot in spots():
        for limit, value in _at_limits(spot, beyond=True):
            found.append(Case(spot, f"beyond {limit}", value))
        if values_of(spot):
            found.append(Case(spot, "is no such word", "no-such-word"))
        is_text = spot.place == "query" and "string" in spot.types
        if spot is _firsts()[str(spot)] and not is_text:  # every query is a text
            found.append(Case(spot, "of a wrong type", _wrong(spot)))
    return found


@cache
def _firsts() -> dict[str, Spot]:
    """Return the first of the spots that stand at the same place, by its name."""
    return {str(spot): spot for spot in reversed(spots())}


def _wrong(spot: Spot) -> Any:
    """Return a value of a type that the property never has."""
    return 7 if "string" in spot.types else "x"


def _at_limits(spot: Spot, *, beyond: bool) -> Iterator[tuple[str, Any]]:
    for limit, step in _BEYOND.items():
        if limit not in spot.schema:
            continue
        size = spot.schema[limit] + (step if beyond else 0)
        if limit in ("minimum", "maximum"):
            yield limit, size
        elif size >= 0:
            made = text if limit.endswith("Length") else entries
            yield limit, made(spot.name, size)
