"""What advice follows from uses, indexes and samples."""

from datetime import UTC, datetime

from nsadmin.advice.infer import infer
from nsadmin.advice.rules import Evidence, Holding, advise
from nsadmin.advice.usage import FieldUsage
from nsadmin.namespaces.schema.document import StoredIndex

AT = datetime(2026, 11, 21, tzinfo=UTC)


def used(name, count):
    return FieldUsage(name, count, count, count, AT, AT, None)


def index(name, kind="keyword"):
    return StoredIndex(name, {"type": kind})


def evidence(*, custom=(), fixed=(), uses=(), samples=None, whole=True, held=()):
    inferences = {
        field: infer([{field: v} for v in values], field)
        for field, values in (samples or {}).items()
    }
    holdings = {
        field: Holding(kind, points, there) for field, kind, points, there in held
    }
    return Evidence(custom, fixed, 24, uses, uses, inferences, AT, whole, holdings)


def shown(seen, **options):
    return [(a.kind, a.field_name, a.index_type) for a in advise(seen, **options)]


def test_a_hundred_is_not_enough_and_a_hundred_and_one_is():
    uses = [used("colour", 101), used("size", 100)]
    seen = evidence(uses=uses, samples={"colour": ["red"], "size": [1]})
    assert shown(seen) == [("missing", "colour", "keyword")]


def test_indexed_and_protected_fields_need_none():
    uses = [used("a", 500), used("internal_id", 500), used("b", 500)]
    seen = evidence(custom=[index("a")], fixed={"internal_id"}, uses=uses)
    assert shown(seen) == [("missing", "b", None)]


def test_a_mixed_field_has_no_type():
    seen = evidence(uses=[used("a", 500)], samples={"a": [1, "x"]})
    assert shown(seen) == [("missing", "a", None)]


def test_a_full_budget_says_so():
    custom = [index(f"f{n}") for n in range(89)]
    uses = [used(f"f{n}", 1) for n in range(89)] + [used("new", 200)]
    fixed = {f"system_{n}" for n in range(11)}
    found = advise(evidence(custom=custom, fixed=fixed, uses=uses))
    assert [(a.kind, a.field_name) for a in found] == [("over_budget", "new")]
    assert "budget of 100" in found[0].sentence


def test_an_index_that_cannot_hold_the_values_is_of_the_wrong_type():
    seen = evidence(
        custom=[index("year", "keyword"), index("title", "text")],
        uses=[used("year", 3), used("title", 3)],
        samples={"year": [1999, 2001, 2005], "title": ["A short one"]},
        held=[("year", "keyword", 2000, 0), ("title", "text", 2000, 1000)],
    )
    assert shown(seen) == [("wrong_type", "year", "integer")]
    [found] = advise(seen)
    assert found.sentence == (
        "The keyword index holds 0 of the 2,000 points that have a value."
    )


def test_what_was_not_counted_is_not_called_wrong():
    custom, uses = [index("year", "keyword")], [used("year", 3)]
    samples = {"year": [1999, 2001]}
    assert shown(evidence(custom=custom, uses=uses, samples=samples)) == []
    before = [("year", "integer", 2, 0)]
    seen = evidence(custom=custom, uses=uses, samples=samples, held=before)
    assert shown(seen) == []


def test_a_wrong_index_is_not_to_be_rebuilt_as_it_is():
    seen = evidence(
        custom=[index("when", "datetime"), index("place", "geo")],
        uses=[used("when", 3), used("place", 3)],
        samples={"when": ["2024-05-01"], "place": [{"lon": "1", "lat": "2"}]},
        held=[("when", "datetime", 10, 1), ("place", "geo", 1, 0)],
    )
    assert shown(seen) == [("wrong_type", "when", None), ("wrong_type", "place", None)]
    assert advise(seen)[1].sentence == (
        "The geo index holds 0 of the one point that has a value."
    )


def test_nothing_is_unused_where_nothing_is_reported():
    assert shown(evidence(custom=[index("a")])) == []
    seen = evidence(custom=[index("a")], uses=[used("b", 1)])
    assert shown(seen) == [("unused", "a", "keyword")]


def test_nothing_is_unused_before_a_whole_week_was_reported():
    seen = evidence(custom=[index("a")], uses=[used("b", 1)], whole=False)
    assert shown(seen) == []
