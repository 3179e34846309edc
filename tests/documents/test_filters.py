"""The filter builder against hand-written JSON, Qdrant's own answers and Python."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nsadmin.documents import fields, listing
from nsadmin.documents.query.conditions import Condition
from nsadmin.documents.query.filters import Filter
from nsadmin.documents.query.operators import (
    OPERATORS,
    FieldType,
    Operator,
    hint,
    takes,
)
from nsadmin.documents.query.rows import GROUPS, MAX_CONDITIONS, Group, Row, rows_of
from nsadmin.errors import Invalid
from nsadmin.pages.documents.as_call import call_body
from tests.documents.library import COUNT, OWN, Library, payload_of
from tests.documents.shapes import SHAPES, Shape


def test_there_are_forty_shapes_and_every_operator() -> None:
    assert len(SHAPES) >= 40
    used = {row[1] for shape in SHAPES for row in shape.query}
    assert used == {operator.value for operator in Operator}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_the_builder_says_and_finds_what_one_would_write(
    library: Library, shape: Shape
) -> None:
    opened = library.open()
    asked = Filter.from_query(shape.pairs(), fields.catalogue(opened).types)
    assert asked.qdrant() == shape.json
    assert Filter.from_query(asked.to_query()) == asked
    page = listing.list_documents(opened, asked=asked, limit=100)
    asked_for = [shape.json] if shape.json else []
    own = {"must": [*asked_for, {"key": "internal_id", "match": {"value": OWN}}]}
    own["must_not"] = [{"has_id": [90_000, 90_001, 90_002]}]
    body = {"filter": own, "exact": True}
    assert page.count.number == library.ask("POST", "/points/count", body)["count"]
    assert page.count.is_exact
    assert len(page.rows) == page.count.number
    if shape.matches is not None:
        wanted = [n for n in range(COUNT) if shape.matches(payload_of(n))]
        found = sorted(int(row.document_id.removeprefix("doc_")) for row in page.rows)
        assert found == wanted


# The URL -----------------------------------------------------------------------------

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
_VALUES: dict[FieldType, st.SearchStrategy[object]] = {
    "any": _TEXTS,
    "keyword": _TEXTS,
    "text": _TEXTS,
    "uuid": st.uuids().map(str),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "datetime": st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
}
_GEO = {
    Operator.WITHIN_RADIUS: st.tuples(
        st.floats(-90, 90), st.floats(-180, 180), st.floats(1, 1e6)
    ),
    Operator.WITHIN_BOX: st.tuples(
        st.floats(0, 90), st.floats(-180, 180), st.floats(-90, 0), st.floats(-180, 180)
    ),
}
_MATCHED = (Operator.IS, Operator.IS_NOT)
_NAMES = st.sampled_from(["a", "meta.size", "items[].price", "x-y_z", "tags[]", "é"])


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    kind: FieldType = draw(st.sampled_from(sorted(OPERATORS)))
    operator = draw(st.sampled_from(OPERATORS[kind]))
    field = draw(_NAMES)
    if kind == "vector":
        return Condition(field, kind, operator)
    same = "[]." in field and draw(st.booleans())
    values: tuple[object, ...] = ()
    count = takes(operator)
    if operator in _GEO:
        values = draw(_GEO[operator])
    elif count is None:
        values = tuple(
            draw(st.lists(_VALUES[kind], min_size=1, max_size=5, unique_by=repr))
        )
        values = tuple(dict.fromkeys(values))
    elif count and kind == "integer" and operator not in _MATCHED:
        exact = st.integers(-(2**53), 2**53)  # a range takes no others
        values = tuple(sorted(draw(exact) for _ in range(count)))
    elif count:
        drawn = [draw(_VALUES[kind]) for _ in range(count)]
        values = tuple(sorted(drawn, key=_rank) if count == 2 else drawn)
    return Condition(field, kind, operator, values, same)  # type: ignore[arg-type]


def _rank(value: object) -> Any:
    return value.removesuffix("Z") if isinstance(value, str) else value


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(GROUPS), conditions()), max_size=6))
def test_a_url_says_the_filter_again(pairs: list[tuple[Group, Condition]]) -> None:
    asked = Filter.of(pairs)
    again = Filter.from_query(asked.to_query())
    assert again == asked
    assert again.to_query() == asked.to_query()
    assert again.digest == asked.digest
    assert Filter.from_rows(asked.rows()) == asked
    assert len(asked.sentence) <= 400 * (len(pairs) + 1)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from("fgtovex"), st.text(max_size=20)), max_size=40)
)
def test_any_query_is_a_filter_or_has_errors_at_its_rows(
    pairs: list[tuple[str, str]],
) -> None:
    errors: dict[str, list[str]] = {}
    try:
        Filter.from_rows(rows_of(pairs))
    except Invalid as invalid:
        errors = invalid.errors or {"": []}
    assert {path.partition(".")[0] for path in errors} <= {"conditions"}


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ([("f", "rank"), ("t", "integer"), ("o", "is"), ("v", "three")], "value"),
        ([("f", "rank"), ("t", "integer"), ("o", "is"), ("v", str(2**63))], "value"),
        ([("f", "rank"), ("t", "integer"), ("o", "between"), ("v", "3, 1")], "value"),
        ([("f", "rank"), ("t", "integer"), ("o", "between"), ("v", "3")], "value"),
        ([("f", "rank"), ("t", "integer"), ("o", "words"), ("v", "3")], "operator"),
        ([("f", "rank"), ("t", "number"), ("o", "is"), ("v", "3")], "type"),
        ([("f", "rank"), ("g", "some"), ("v", "3")], "group"),
        ([("f", "a b"), ("v", "3")], "field"),
        ([("f", "x" * 256), ("v", "3")], "field"),
        ([("f", "a"), ("v", "")], "value"),
        ([("f", "a"), ("v", "x" * 1001)], "value"),
        ([("f", "a"), ("v", "\ud800")], "value"),
        ([("f", "a"), ("o", "one_of"), ("v", 'x, "y')], "value"),
        (
            [
                ("f", "a"),
                ("o", "one_of"),
                ("v", ", ".join(f"v{n}" for n in range(201))),
            ],
            "value",
        ),
        ([("f", "a"), ("t", "float"), ("o", "is"), ("v", "nan")], "value"),
        ([("f", "a"), ("t", "float"), ("o", "is"), ("v", "1e999")], "value"),
        ([("f", "a"), ("t", "bool"), ("o", "is"), ("v", "yes")], "value"),
        ([("f", "a"), ("t", "uuid"), ("o", "is"), ("v", "7")], "value"),
        ([("f", "a"), ("t", "datetime"), ("o", "gt"), ("v", "soon")], "value"),
        ([("f", "a"), ("t", "geo"), ("o", "radius"), ("v", "91, 0, 5")], "value"),
        ([("f", "a"), ("t", "geo"), ("o", "radius"), ("v", "1, 0, 0")], "value"),
        ([("f", "a"), ("t", "geo"), ("o", "box"), ("v", "1, 0, 2, 0")], "value"),
        ([("f", "a"), ("v", "x"), ("e", "1")], "field"),
        ([("f", "v" * 256), ("t", "vector"), ("o", "has_vector")], "field"),
    ],
)
def test_a_wrong_row_is_named_and_all_is_kept(
    row: list[tuple[str, str]], path: str
) -> None:
    pairs = [("f", ""), ("v", "half typed"), ("f", "fine"), ("v", "x"), *row]
    rows = rows_of(pairs)
    with pytest.raises(Invalid) as caught:
        Filter.from_rows(rows)
    assert list(caught.value.errors) == [f"conditions.2.{path}"]
    assert rows[0].text == "half typed"
    assert rows[0].is_blank
    assert rows[2].field == row[0][1]


def test_all_errors_are_told_at_once() -> None:
    pairs = [("f", "a"), ("t", "integer"), ("v", "x"), ("f", "b"), ("g", "none")]
    with pytest.raises(Invalid) as caught:
        Filter.from_query(pairs)
    assert set(caught.value.errors) == {"conditions.0.value", "conditions.1.value"}


def test_repeated_conditions_are_one_and_too_many_are_refused() -> None:
    row = [("f", "a"), ("v", "x")]
    assert Filter.from_query(row * 5) == Filter.from_query(row)
    with pytest.raises(Invalid):
        rows_of(row * (MAX_CONDITIONS + 1))


def test_a_value_of_an_unknown_type_is_asked_as_all_that_it_reads_as() -> None:
    def json_of(operator: str, *texts: str, extra: str = "") -> Any:
        pairs = [("f", "items[].n"), ("o", operator), *(("v", t) for t in texts)]
        asked = Filter.from_query([*pairs, ("e", extra)])
        assert Filter.from_query(asked.to_query()) == asked
        return asked.qdrant()

    def equal(number: float, key: str = "items[].n") -> Any:
        return {"key": key, "range": {"gte": number, "lte": number}}

    def text(value: object, key: str = "items[].n") -> Any:
        return {"key": key, "match": {"value": value}}

    assert json_of("is", "red") == {"must": [text("red")]}
    assert json_of("is", "5") == {"must": [{"should": [text("5"), equal(5)]}]}
    assert json_of("is", "-.5e1") == {"must": [{"should": [text("-.5e1"), equal(-5)]}]}
    assert json_of("is", "true") == {"must": [{"should": [text("true"), text(True)]}]}
    large = 2**63 - 1
    assert json_of("is", f"{large}") == {
        "must": [{"should": [text(f"{large}"), text(large)]}]
    }
    for odd in ("nan", "inf", "1e999", "1_0", "٣", "0x1", "5 m", "1" * 50 + "e"):
        assert json_of("is", odd) == {"must": [text(odd)]}
    words = {"key": "items[].n", "match": {"any": ["a", "5", "false"]}}
    both = {"should": [words, equal(5), text(False)]}
    assert json_of("none_of", "a", "5, false") == {"must_not": [both]}
    inner = {"should": [text("5", "n"), equal(5, "n")]}
    assert json_of("is_not", "5", extra="1") == {
        "must": [{"nested": {"key": "items", "filter": {"must_not": [inner]}}}]
    }


def test_a_field_that_is_not_known_is_found_by_a_number_or_a_text(
    library: Library,
) -> None:
    def found(*pairs: tuple[str, str]) -> int | None:
        asked = Filter.from_query(pairs)
        return listing.list_documents(library.open(), asked=asked).count.number

    for field in ("rank", "score", "is_new", "meta.size", "items[].price"):
        values = [one for n in range(COUNT) for one in _values(payload_of(n), field)]
        value = str(next(one for one in values if one)).lower().removesuffix(".0")
        wanted = sum(
            any(one == _read(value) for one in _values(payload_of(n), field))
            for n in range(COUNT)
        )
        assert found(("f", field), ("v", value)) == wanted > 0, field
        assert found(("f", field), ("o", "is_not"), ("v", value)) == COUNT - wanted
    assert found(("f", "plain"), ("o", "one_of"), ("v", "value 1"), ("v", "7")) == 15


def _values(payload: dict[str, Any], field: str) -> list[Any]:
    if field == "items[].price":
        return [item["price"] for item in payload["items"]]
    found: Any = payload
    for name in field.split("."):
        found = found[name]
    return [found]


def _read(text: str) -> object:
    return True if text == "true" else float(text)


def test_further_values_of_a_condition_count_and_nothing_else_is_repeated() -> None:
    several = [("f", "country"), ("o", "none_of"), ("v", "DE"), ("v", "FR, PT")]
    [condition] = Filter.from_query(several).all
    assert condition.values == ("DE", "FR", "PT")
    between = [("f", "a"), ("t", "integer"), ("v", "1"), ("v", "5"), ("o", "between")]
    assert Filter.from_query(between).all[0].values == (1, 5)
    same = [("f", "a"), ("o", "is"), ("o", "is"), ("v", "x"), ("v", "x"), ("v", "")]
    assert Filter.from_query(same).all[0].values == ("x",)


@pytest.mark.parametrize(
    ("pairs", "path", "said"),
    [
        ([("f", "a"), ("o", "is"), ("v", "x"), ("v", "y")], "value", "takes one value"),
        ([("f", "a"), ("v", "x"), ("v", "y")], "value", "“x”, “y”"),
        ([("f", "a"), ("v", "x"), ("o", "is"), ("o", "is_not")], "operator", "is_not"),
        ([("f", "a"), ("v", "x"), ("g", "all"), ("g", "none")], "group", "none"),
        ([("f", "a"), ("v", "x"), ("t", "text"), ("t", "uuid")], "type", "uuid"),
        ([("f", "a"), ("v", "x"), ("e", "1"), ("e", "0")], "same_element", "element"),
        ([("o", "is"), ("v", "x"), ("f", "a"), ("v", "x")], "field", "begins"),
        (
            [("f", "a"), ("o", "one_of"), ("v", '"x'), ("v", 'y"')],
            "value",
            "does not end",
        ),
    ],
)
def test_what_a_condition_cannot_have_is_an_error_at_its_row(
    pairs: list[tuple[str, str]], path: str, said: str
) -> None:
    rows = rows_of(pairs)
    with pytest.raises(Invalid) as caught:
        Filter.from_rows(rows)
    assert list(caught.value.errors) == [f"conditions.0.{path}"]
    assert said in caught.value.errors[f"conditions.0.{path}"][0]
    typed = f"{rows[0].field} {rows[0].operator} {rows[0].text}"
    assert all(v in typed for k, v in pairs if k == "v")


def test_every_operator_says_how_it_is_typed() -> None:
    for kind, operators in OPERATORS.items():
        for operator in operators:
            assert bool(hint(kind, operator)) == (takes(operator) != 0)


def test_a_filter_in_words() -> None:
    asked = Filter.from_query(
        [
            *[("f", "rank"), ("t", "integer"), ("o", "gte"), ("v", "3")],
            *[("f", "color"), ("o", "one_of"), ("v", "red, green"), ("g", "any")],
            *[
                ("f", "place"),
                ("t", "geo"),
                ("o", "radius"),
                ("v", "1, 2, 3"),
                ("g", "none"),
            ],
        ]
    )
    assert asked.sentence == (
        "rank is at least 3 and any of (color is one of red, green) and none of "
        "(place is within the radius of 3 m around 1, 2)"
    )
    assert Filter().sentence == "every document"


@pytest.mark.parametrize(
    ("group", "operator", "words"),
    [
        ("all", "is", ["gte", "lte"]),
        ("all", "gte", ["gte"]),
        ("any", "is", None),
        ("none", "is", None),
        ("all", "is_not", None),
    ],
)
def test_the_call_of_a_time_does_not_depend_on_an_index(
    group: str, operator: str, words: list[str] | None
) -> None:
    row = Row("seen", group, "datetime", operator, "2026-11-20 14:00")
    body = call_body(Filter.from_rows([row], {}))
    said = body and [c["operator"] for c in body["filters"]["AND"]]
    assert said == words
