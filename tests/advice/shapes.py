"""Shapes of payload values, the index type advised for each, and what that holds."""

from dataclasses import dataclass
from typing import Any

POINTS = 40
UUID = "7f3a2b10-1111-4222-8333-444455556666"
LONG = "a sentence of rather many words that is to be searched in"


@dataclass(frozen=True)
class Shape:
    """Values of a field, given to the points in turn.

    `having` points have a value; the `advised` index holds `held` of them. Without an
    advised type no index of any type holds more than `held`. `path` is the rest of the
    path after the field's own name.
    """

    values: tuple[Any, ...]
    advised: str | None
    held: int = POINTS
    having: int = POINTS
    path: str = ""


def place(lon: Any, lat: Any, **more: Any) -> dict[str, Any]:
    """A place as it may stand in a payload."""
    return {"lon": lon, "lat": lat, **more}


SHAPES = {
    # Numbers.
    "integers": Shape((1, -2, 0), "integer"),
    "the least and the largest integer": Shape((-(2**63), 2**63 - 1), "integer"),
    "integers beyond 63 bits": Shape((2**63 + 4096, 2**64 - 1), "float"),
    "integers on both sides of 63 bits": Shape((1, 2**64 - 1), "float"),
    "integers beyond 64 bits": Shape((2**70,), "float"),
    "whole floats": Shape((10.0, 20.0), "float"),
    "floats": Shape((1.5, -2.25), "float"),
    "integers and floats": Shape((1, 2.5), "float"),
    "very large floats": Shape((1e300, -1e308), "float"),
    "numbers as text": Shape(("10", "20"), "keyword"),
    # Booleans.
    "booleans": Shape((True, False), "bool"),
    "booleans as text": Shape(("true", "false"), "keyword"),
    "booleans and integers": Shape((True, 1), None, held=20),
    # Times.
    "days": Shape(("2024-05-01", "2024-12-31"), "datetime"),
    "times in UTC": Shape(("2024-05-01T10:00:00Z",), "datetime"),
    "times in small letters": Shape(("2024-05-01t10:00:00z",), "datetime"),
    "times of a zone": Shape(("2024-05-01T10:00:00+02:00",), "datetime"),
    "times of a zone without a colon": Shape(("2024-05-01 10:00:00+0200",), "datetime"),
    "times without a zone": Shape(("2024-05-01T10:00:00",), "datetime"),
    "times with a fraction": Shape(("2024-05-01T10:00:00.123456789Z",), "datetime"),
    "times after a blank": Shape(
        ("2024-05-01 10:00", "2024-05-01 10:00:00"), "datetime"
    ),
    "minutes in UTC": Shape(("2024-05-01T10:00Z",), "keyword"),
    "days that do not exist": Shape(("2024-02-30", "2024-13-01"), "keyword"),
    "hours that do not exist": Shape(("2024-05-01T24:00:00Z",), "keyword"),
    "zones that do not exist": Shape(("2024-05-01T10:00:00+25:00",), "keyword"),
    "compact times": Shape(("20240501T100000Z",), "keyword"),
    "weeks": Shape(("2024-W01-1",), "keyword"),
    "times of a mail": Shape(("Wed, 01 May 2024 10:00:00 GMT",), "keyword"),
    "days in other digits": Shape(("\uff12024-05-01",), "keyword"),
    "days and words": Shape(("2024-05-01", "soon"), "keyword"),
    "seconds since 1970": Shape((1714557600,), "integer"),
    # UUIDs.
    "uuids": Shape((UUID, UUID.upper()), "uuid"),
    "uuids of 32 digits": Shape((UUID.replace("-", ""),), "keyword"),
    "uuids with a prefix": Shape((f"urn:uuid:{UUID}", f"{{{UUID}}}"), "keyword"),
    "uuids with a wrong prefix": Shape((f"urn:{UUID.replace('-', '')}",), "keyword"),
    "uuids with hyphens elsewhere": Shape(
        ("7f3a2b101111-4222-8333-4444-55556666",), "keyword"
    ),
    "uuids and words": Shape((UUID, "none"), "keyword"),
    # Places.
    "places": Shape((place(13.4, 52.5), place(-180, 90)), "geo"),
    "places with an altitude": Shape((place(13.4, 52.5, alt=30),), "geo"),
    "places as text": Shape((place("13.4", "52.5"),), None, held=0),
    "places of null": Shape((place(None, None),), None, held=0),
    "places of booleans": Shape((place(True, False),), None, held=0),
    "latitudes beyond 90": Shape((place(13.4, 91),), None, held=0),
    "longitudes beyond 180": Shape((place(181, 0),), None, held=0),
    "places without a latitude": Shape(({"lon": 13.4},), None, held=0),
    "places some of which are wrong": Shape(
        (place(1, 2), place("1", "2")), None, held=20
    ),
    # Texts.
    "words": Shape(("red", "dark blue"), "keyword"),
    "empty texts": Shape(("", " "), "keyword"),
    "sentences": Shape((LONG,), "text"),
    "sentences of letters": Shape(("a b c d e f g h i j k",), "keyword"),
    "sentences of signs": Shape(("-- -- -- -- -- -- -- --",), "keyword"),
    "one very long word": Shape(("x" * 3000,), "keyword"),
    "texts with NUL": Shape(("a\0b",), "keyword"),
    # Lists.
    "lists": Shape(([1, 2], [3]), "integer"),
    "lists of words": Shape((["red", "blue"],), "keyword"),
    "lists of places": Shape(([place(1, 2), place(3, 4)],), "geo"),
    "lists of both": Shape(([1, "x"],), None, held=POINTS),
    "lists in lists": Shape(([[1, 2]],), None, held=0),
    "lists in lists, by their path": Shape(([[1, 2]],), "integer", path="[]"),
    "nothing at all": Shape((None, []), None, held=0, having=0),
    "nothing in some": Shape((7, None, [], 8), "integer", held=20, having=20),
    # Objects and paths.
    "objects": Shape(({"a": 1}, {}), None, held=0),
    "a key of an object": Shape(({"b": 1},), "integer", path=".b"),
    "a key of objects in a list": Shape(
        ([{"b": 1}, {"b": 2}],), "integer", path="[].b"
    ),
    "a key of a list": Shape(
        ([{"b": 1}, {"b": 2}],), None, held=0, having=0, path=".b"
    ),
    "lists in objects in a list": Shape(
        ([{"b": ["x", "y"]}, {}],), "keyword", path="[].b"
    ),
}
