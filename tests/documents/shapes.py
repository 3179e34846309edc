"""Filter shapes: as a URL has them, as one would write them for Qdrant, and in Python.

`matches` is an independent reading of a payload; None where only Qdrant can say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nsadmin.documents.query.rows import Pair
from tests.documents.library import key_of, moment

Json = dict[str, Any]
Test = Callable[[Json], bool]


@dataclass(frozen=True)
class Shape:
    """One filter in three ways."""

    name: str
    query: tuple[tuple[str, ...], ...]
    json: Json
    matches: Test | None

    def pairs(self) -> list[Pair]:
        """The URL's query; each row is field, operator, value, group, extras."""
        found: list[Pair] = []
        for field, operator, value, group, *more in self.query:
            found += [("f", field), ("g", group), ("o", operator), ("v", value)]
            found += [tuple(extra.split("=")) for extra in more]  # type: ignore[misc]
        return found


def key(field: str, **asked: Any) -> Json:
    return {"key": field, **asked}


def match(field: str, value: Any) -> Json:
    return key(field, match={"value": value})


def must(*conditions: Json) -> Json:
    return {"must": list(conditions)}


def must_not(*conditions: Json) -> Json:
    return {"must_not": list(conditions)}


def empty(field: str) -> Json:
    return {"is_empty": {"key": field}}


def null(field: str) -> Json:
    return {"is_null": {"key": field}}


def one(
    name: str, row: tuple[str, str, str], json: Json, matches: Test | None
) -> Shape:
    """A shape of one condition that all must match."""
    return Shape(name, ((*row, "all"),), json, matches)


BETWEEN = (moment(2), moment(5))
CIRCLE = {"center": {"lat": 0.0, "lon": -20.0}, "radius": 2_000_000.0}
BOX = {
    "top_left": {"lat": 20.0, "lon": -60.0},
    "bottom_right": {"lat": -20.0, "lon": 40.0},
}


def in_box(p: Json) -> bool:
    """Qdrant leaves out what is on the edge."""
    return -20 < p["place"]["lat"] < 20 and -60 < p["place"]["lon"] < 40


SHAPES = [
    Shape("everything", (), {}, lambda _: True),
    one(
        "keyword is",
        ("color", "is", "red"),
        must(match("color", "red")),
        lambda p: p.get("color") == "red",
    ),
    one(
        "keyword with a comma",
        ("color", "is", "blue, dark"),
        must(match("color", "blue, dark")),
        lambda p: p.get("color") == "blue, dark",
    ),
    one(
        "keyword is not",
        ("color", "is_not", "red"),
        must_not(match("color", "red")),
        lambda p: p.get("color") != "red",
    ),
    one(
        "keyword one of",
        ("color", "one_of", 'green, "blue, dark", "the ""best"""'),
        must(key("color", match={"any": ["green", "blue, dark", 'the "best"']})),
        lambda p: p.get("color") in ("green", "blue, dark", 'the "best"'),
    ),
    one(
        "keyword none of",
        ("color", "none_of", "green, red"),
        must_not(key("color", match={"any": ["green", "red"]})),
        lambda p: p.get("color") not in ("green", "red"),
    ),
    one(
        "keyword of a list",
        ("tags", "is", "t1"),
        must(match("tags", "t1")),
        lambda p: "t1" in p["tags"],
    ),
    one(
        "integer is",
        ("rank", "is", "3"),
        must(match("rank", 3)),
        lambda p: p["rank"] == 3,
    ),
    one(
        "integer is not",
        ("rank", "is_not", "3"),
        must_not(match("rank", 3)),
        lambda p: p["rank"] != 3,
    ),
    one(
        "integer one of",
        ("rank", "one_of", "1, 2, 5"),
        must(key("rank", match={"any": [1, 2, 5]})),
        lambda p: p["rank"] in (1, 2, 5),
    ),
    one(
        "integer less",
        ("rank", "lt", "3"),
        must(key("rank", range={"lt": 3})),
        lambda p: p["rank"] is not None and p["rank"] < 3,
    ),
    one(
        "integer at most",
        ("rank", "lte", "3"),
        must(key("rank", range={"lte": 3})),
        lambda p: p["rank"] is not None and p["rank"] <= 3,
    ),
    one(
        "integer greater",
        ("rank", "gt", "3"),
        must(key("rank", range={"gt": 3})),
        lambda p: p["rank"] is not None and p["rank"] > 3,
    ),
    one(
        "integer at least",
        ("rank", "gte", "3"),
        must(key("rank", range={"gte": 3})),
        lambda p: p["rank"] is not None and p["rank"] >= 3,
    ),
    one(
        "integer between",
        ("rank", "between", "2, 4"),
        must(key("rank", range={"gte": 2, "lte": 4})),
        lambda p: p["rank"] in (2, 3, 4),
    ),
    one(
        "float is",
        ("score", "is", "1.5"),
        must(key("score", range={"gte": 1.5, "lte": 1.5})),
        lambda p: p["score"] == 1.5,
    ),
    one(
        "float between",
        ("score", "between", "1.5, 3"),
        must(key("score", range={"gte": 1.5, "lte": 3.0})),
        lambda p: 1.5 <= p["score"] <= 3,
    ),
    one(
        "float less",
        ("score", "lt", "0.5"),
        must(key("score", range={"lt": 0.5})),
        lambda p: p["score"] < 0.5,
    ),
    one(
        "bool is true",
        ("is_new", "is", "true"),
        must(match("is_new", True)),
        lambda p: p["is_new"],
    ),
    one(
        "bool is false",
        ("is_new", "is", "false"),
        must(match("is_new", False)),
        lambda p: not p["is_new"],
    ),
    one(
        "datetime at least",
        ("created_at", "gte", "2026-11-08"),
        must(key("created_at", range={"gte": "2026-11-08T00:00:00Z"})),
        lambda p: p["created_at"] >= "2026-11-08T00:00:00",
    ),
    one(
        "datetime between",
        ("seen_at", "between", ", ".join(BETWEEN)),
        must(key("seen_at", range={"gte": BETWEEN[0], "lte": BETWEEN[1]})),
        lambda p: BETWEEN[0] <= p["seen_at"] <= BETWEEN[1],
    ),
    one(
        "datetime is",
        ("seen_at", "is", moment(3)),
        must(key("seen_at", range={"gte": moment(3), "lte": moment(3)})),
        lambda p: p["seen_at"] == moment(3),
    ),
    one(
        "datetime with a zone",
        ("created_at", "lt", "2026-11-02T01:00:00+01:00"),
        must(key("created_at", range={"lt": "2026-11-02T00:00:00Z"})),
        lambda p: p["created_at"] < "2026-11-02",
    ),
    one(
        "text all words",
        ("text", "words", "night market"),
        must(key("text", match={"text": "night market"})),
        lambda p: {"night", "market"} <= set(p["text"].split()),
    ),
    one(
        "text any word",
        ("text", "any_word", "harbour rain"),
        must(key("text", match={"text_any": "harbour rain"})),
        lambda p: bool({"harbour", "rain"} & set(p["text"].split())),
    ),
    one(
        "text phrase",
        ("text", "phrase", "bridge night"),
        must(key("text", match={"phrase": "bridge night"})),
        lambda p: "bridge night" in p["text"],
    ),
    one(
        "uuid is",
        ("key", "is", key_of(4).upper()),
        must(match("key", key_of(4))),
        lambda p: p["key"] == key_of(4),
    ),
    one(
        "uuid one of",
        ("key", "one_of", f"{key_of(4)}, {key_of(5)}"),
        must(key("key", match={"any": [key_of(4), key_of(5)]})),
        lambda p: p["key"] in (key_of(4), key_of(5)),
    ),
    one(
        "geo radius",
        ("place", "radius", "0, -20, 2000000"),
        must(key("place", geo_radius=CIRCLE)),
        None,
    ),
    one(
        "geo box",
        ("place", "box", "20, -60, -20, 40"),
        must(key("place", geo_bounding_box=BOX)),
        in_box,
    ),
    one(
        "empty",
        ("color", "empty", ""),
        must(empty("color")),
        lambda p: "color" not in p,
    ),
    one(
        "empty list",
        ("tags", "empty", ""),
        must(empty("tags")),
        lambda p: p["tags"] == [],
    ),
    one(
        "not empty",
        ("rank", "not_empty", ""),
        must_not(empty("rank")),
        lambda p: p["rank"] is not None,
    ),
    one("null", ("rank", "null", ""), must(null("rank")), lambda p: p["rank"] is None),
    one(
        "not null",
        ("rank", "not_null", ""),
        must_not(null("rank")),
        lambda p: p["rank"] is not None,
    ),
    one(
        "nested path",
        ("items[].price", "gte", "7"),
        must(key("items[].price", range={"gte": 7.0})),
        lambda p: any(i["price"] >= 7 for i in p["items"]),
    ),
    one(
        "nested object",
        ("meta.size", "is", "4"),
        must(match("meta.size", 4)),
        lambda p: p["meta"]["size"] == 4,
    ),
    one(
        "without an index",
        ("plain", "is", "value 2"),
        must(match("plain", "value 2")),
        lambda p: p["plain"] == "value 2",
    ),
    one(
        "has a vector", ("words", "has_vector", ""), must({"has_vector": "words"}), None
    ),
    one(
        "lacks a vector",
        ("rows", "lacks_vector", ""),
        must_not({"has_vector": "rows"}),
        None,
    ),
    Shape(
        "two of one element",
        (
            ("items[].price", "gte", "3", "all", "e=1"),
            ("items[].unit", "is", "kg", "all", "e=1"),
        ),
        must(
            {
                "nested": {
                    "key": "items",
                    "filter": must(
                        key("price", range={"gte": 3.0}), match("unit", "kg")
                    ),
                }
            }
        ),
        lambda p: any(i["price"] >= 3 and i["unit"] == "kg" for i in p["items"]),
    ),
    Shape(
        "one element and not",
        (
            ("items[].price", "lt", "1", "all", "e=1"),
            ("items[].unit", "is_not", "kg", "all", "e=1"),
        ),
        must(
            {
                "nested": {
                    "key": "items",
                    "filter": {
                        **must(key("price", range={"lt": 1.0})),
                        **must_not(match("unit", "kg")),
                    },
                }
            }
        ),
        lambda p: any(i["price"] < 1 and i["unit"] != "kg" for i in p["items"]),
    ),
    Shape(
        "any of two",
        (("color", "is", "red", "any"), ("rank", "gt", "5", "any")),
        {"should": [match("color", "red"), key("rank", range={"gt": 5})]},
        lambda p: p.get("color") == "red" or (p["rank"] or 0) > 5,
    ),
    Shape(
        "any with a contrary",
        (("color", "is_not", "red", "any"), ("rank", "null", "", "any")),
        {"should": [must_not(match("color", "red")), null("rank")]},
        lambda p: p.get("color") != "red" or p["rank"] is None,
    ),
    Shape(
        "none of two",
        (("color", "is", "red", "none"), ("is_new", "is", "true", "none")),
        must_not(match("color", "red"), match("is_new", True)),
        lambda p: p.get("color") != "red" and not p["is_new"],
    ),
    Shape(
        "none with a contrary",
        (("color", "is_not", "red", "none"),),
        must_not(must_not(match("color", "red"))),
        lambda p: p.get("color") == "red",
    ),
    Shape(
        "an element among none and any",
        (
            ("items[].unit", "is", "g", "none", "e=1"),
            ("items[].price", "is", "2", "any", "e=1"),
        ),
        {
            "should": [
                {
                    "nested": {
                        "key": "items",
                        "filter": must(key("price", range={"gte": 2.0, "lte": 2.0})),
                    }
                }
            ],
            "must_not": [
                {"nested": {"key": "items", "filter": must(match("unit", "g"))}}
            ],
        },
        lambda _: False,
    ),
    Shape(
        "all three groups",
        (
            ("rank", "gte", "1", "all"),
            ("color", "is_not", "green", "all"),
            ("tags", "is", "t1", "any"),
            ("tags", "is", "t2", "any"),
            ("is_new", "is", "true", "none"),
        ),
        {
            "must": [key("rank", range={"gte": 1})],
            "should": [match("tags", "t1"), match("tags", "t2")],
            "must_not": [match("color", "green"), match("is_new", True)],
        },
        lambda p: (
            (p["rank"] or 0) >= 1
            and p.get("color") != "green"
            and bool({"t1", "t2"} & set(p["tags"]))
            and not p["is_new"]
        ),
    ),
]
