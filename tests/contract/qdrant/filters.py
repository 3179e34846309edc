"""A hundred points with every type of payload, and filters of every kind over them."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from qdrant_client import models
from qdrant_client.models import FieldCondition, Filter

Where = Filter


def payload(n: int) -> dict[str, Any]:
    """The payload of the n-th point."""
    return {
        "kw": f"k{n % 3}",
        "n": n,
        "f": n / 4,
        "t": f"Hello brown World number{n}",
        "d": f"2024-01-{1 + n % 28:02d}T00:00:00Z",
        "g": {"lon": 13.4, "lat": 52.5 + n / 100},
        "b": n % 2 == 1,
        "u": str(uuid.UUID(int=n)),
        "arr": [{"x": n, "y": "a"}, {"x": 2}],
        "tags": ["p", f"q{n}"],
        "nul": None,
    }


def sample() -> list[models.PointStruct]:
    """Points 0 to 99: odd ones with integer ids, even ones with UUIDs."""
    return [
        models.PointStruct(
            id=n if n % 2 else str(uuid.UUID(int=n + 1000)),
            vector={"a": [float(n + 1), 1.0]} if n % 4 else {},
            payload=payload(n),
        )
        for n in range(100)
    ]


INDEXES: dict[str, Any] = {
    "kw": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD),
    "n": models.IntegerIndexParams(
        type=models.IntegerIndexType.INTEGER, lookup=True, range=True
    ),
    "f": models.PayloadSchemaType.FLOAT,
    "t": models.TextIndexParams(
        type=models.TextIndexType.TEXT,
        tokenizer=models.TokenizerType.WORD,
        lowercase=True,
        phrase_matching=True,
    ),
    "d": models.PayloadSchemaType.DATETIME,
    "g": models.PayloadSchemaType.GEO,
    "b": models.PayloadSchemaType.BOOL,
    "u": models.PayloadSchemaType.UUID,
    "arr[].x": models.PayloadSchemaType.INTEGER,
    "tags": models.PayloadSchemaType.KEYWORD,
}


@dataclass(frozen=True)
class Kind:
    """A filter and how many of the sample points it matches."""

    where: Filter
    matches: int


def _field(key: str, **condition: Any) -> FieldCondition:
    return FieldCondition(key=key, **condition)


def _match(key: str, **match: Any) -> FieldCondition:
    (name, value) = next(iter(match.items()))
    build = {
        "value": models.MatchValue,
        "any": models.MatchAny,
        "except": models.MatchExcept,
        "text": models.MatchText,
        "text_any": models.MatchTextAny,
        "phrase": models.MatchPhrase,
    }[name]
    return _field(key, match=build(**{name: value}))


def _corner(lon: float, lat: float) -> models.GeoPoint:
    return models.GeoPoint(lon=lon, lat=lat)


_RING = models.GeoLineString(
    points=[
        _corner(13.0, 52.4),
        _corner(14.0, 52.4),
        _corner(14.0, 52.545),
        _corner(13.0, 52.545),
        _corner(13.0, 52.4),
    ]
)
_NEAR = models.GeoRadius(center=_corner(13.4, 52.5), radius=5000)
_BOX = models.GeoBoundingBox(
    top_left=_corner(13.0, 52.545), bottom_right=_corner(14.0, 52.4)
)
_DAYS = models.DatetimeRange(
    gte=datetime(2024, 1, 10, tzinfo=UTC), lt=datetime(2024, 1, 12, tzinfo=UTC)
)
_NESTED = models.Nested(
    key="arr", filter=Filter(must=[_match("x", value=3), _match("y", value="a")])
)
_FIRST_IDS: list[models.ExtendedPointId] = [1, 3, str(uuid.UUID(int=1000))]

KINDS: dict[str, Kind] = {
    "keyword": Kind(Where(must=[_match("kw", value="k1")]), 33),
    "any": Kind(Where(must=[_match("kw", any=["k1", "k2"])]), 66),
    "except": Kind(Where(must=[_match("kw", **{"except": ["k1"]})]), 67),
    "integer": Kind(Where(must=[_match("n", value=5)]), 1),
    "any integer": Kind(Where(must=[_match("n", any=[5, 6, 500])]), 2),
    "integer range": Kind(
        Where(must=[_field("n", range=models.Range(gte=10, lt=20))]), 10
    ),
    "float range": Kind(Where(must=[_field("f", range=models.Range(gt=2.5))]), 89),
    "text": Kind(Where(must=[_match("t", text="number77")]), 1),
    "date range": Kind(Where(must=[_field("d", range=_DAYS)]), 8),
    "radius": Kind(Where(must=[_field("g", geo_radius=_NEAR)]), 5),
    "box": Kind(Where(must=[_field("g", geo_bounding_box=_BOX)]), 5),
    "polygon": Kind(
        Where(must=[_field("g", geo_polygon=models.GeoPolygon(exterior=_RING))]), 5
    ),
    "true": Kind(Where(must=[_match("b", value=True)]), 50),
    "false": Kind(Where(must=[_match("b", value=False)]), 50),
    "uuid": Kind(Where(must=[_match("u", value=str(uuid.UUID(int=7)))]), 1),
    "nested": Kind(Where(must=[models.NestedCondition(nested=_NESTED)]), 1),
    "array path": Kind(Where(must=[_match("arr[].x", value=9)]), 1),
    "null": Kind(
        Where(must=[models.IsNullCondition(is_null=models.PayloadField(key="nul"))]),
        100,
    ),
    "empty": Kind(
        Where(must=[models.IsEmptyCondition(is_empty=models.PayloadField(key="zzz"))]),
        100,
    ),
    "values count": Kind(
        Where(must=[_field("tags", values_count=models.ValuesCount(gte=2, lt=3))]), 100
    ),
    "has id": Kind(Where(must=[models.HasIdCondition(has_id=_FIRST_IDS)]), 3),
    "has vector": Kind(Where(must=[models.HasVectorCondition(has_vector="a")]), 75),
    "should and must not": Kind(
        Where(
            should=[_match("n", value=1), _match("n", value=2)],
            must_not=[_match("b", value=True)],
        ),
        1,
    ),
    "min should": Kind(
        Where(
            min_should=models.MinShould(
                conditions=[_match("kw", value="k1"), _match("b", value=True)],
                min_count=2,
            )
        ),
        17,
    ),
    "nothing": Kind(Where(must=[_match("kw", value="no such")]), 0),
    "everything": Kind(Where(), 100),
}

# Without an index a text is searched for as a part of the value, in its own case.
SUBSTRING_KINDS: dict[str, Kind] = {
    "the beginning of a word": Kind(Where(must=[_match("t", text="number7")]), 11),
    "a part across words": Kind(Where(must=[_match("t", text="wn Wor")]), 100),
    "in another case": Kind(Where(must=[_match("t", text="hello")]), 0),
    "not at all": Kind(Where(must_not=[_match("t", text="number7")]), 89),
    "beside others": Kind(
        Where(should=[_match("t", text="number7"), _match("n", value=1)]), 12
    ),
    "of an array's texts": Kind(Where(must=[_match("tags", text="q7")]), 11),
    "of an array's fields": Kind(Where(must=[_match("arr[].y", text="a")]), 100),
    "of a number": Kind(Where(must=[_match("n", text="7")]), 0),
}

# What a full-text index understands and a scan of the payload need not.
TEXT_KINDS: dict[str, Kind] = {
    "words in any order and case": Kind(
        Where(must=[_match("t", text="brown hello")]), 100
    ),
    "any word": Kind(Where(must=[_match("t", text_any="number7 number8 zzz")]), 2),
    "phrase": Kind(Where(must=[_match("t", phrase="brown world")]), 100),
    "phrase in another order": Kind(Where(must=[_match("t", phrase="world brown")]), 0),
}
