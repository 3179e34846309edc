"""What is gathered for advice."""

from datetime import UTC, datetime, timedelta

import pytest

from nsadmin.advice import evidence, usage
from nsadmin.stores.counters import Tally
from tests.cast import make_namespace

FIRST = datetime(2026, 11, 13, 10, 59, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("later", "whole"),
    [
        (timedelta(0), False),
        (WEEK - timedelta(minutes=1), False),
        (WEEK + timedelta(minutes=1), True),
        (timedelta(days=30), True),
    ],
)
def test_unused_is_told_a_week_after_the_first_report(cast, later, whole):
    namespace = make_namespace(
        cast.northlight,
        "indexed",
        indexes={"title": {"type": "keyword"}},
        created_at=FIRST,
    )
    key, now = namespace.namespace_id, FIRST + later
    for at in (FIRST, now):
        usage.count_filter(key, {"rank": Tally(1)}, at=at)
    found = evidence.advised(namespace, now=now)
    assert found.evidence.began == FIRST.replace(minute=0)
    assert [a.kind for a in found.advice] == (["unused"] if whole else [])


def test_without_a_report_there_is_no_beginning(cast):
    found = evidence.advised(cast.own)
    assert (found.evidence.began, found.evidence.is_whole_week) == (None, False)
