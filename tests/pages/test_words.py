"""Numbers, times and names as the pages write them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from nsadmin.pages.templatetags import formatting


def test_unknown_is_never_zero():
    assert formatting.grouped(None) == "unknown"
    assert formatting.grouped(0) == "0"
    assert formatting.grouped(4812306) == "4,812,306"
    assert formatting.share(None) == "unknown"


@pytest.mark.parametrize(
    ("percent", "written"),
    [
        (100, "100\u00a0%"),
        (82.34, "82.3\u00a0%"),
        (0, "0\u00a0%"),
        (0.01, "under 0.1\u00a0%"),
        (99.99, "over 99.9\u00a0%"),
    ],
)
def test_shares_never_claim_all_or_nothing(percent, written):
    assert formatting.share(percent) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (None, "\u2013"),
        (0.4, "under 1\u00a0s"),
        (59, "59\u00a0s"),
        (1594, "26\u00a0min 34\u00a0s"),
        (3600, "1\u00a0h"),
        (11520, "3\u00a0h 12\u00a0min"),
        (90061, "1\u00a0d 1\u00a0h"),
    ],
)
def test_durations(seconds, written):
    assert formatting.lasting(seconds) == written


def test_times_are_relative_under_a_day_and_exact_in_the_title():
    now = timezone.now()
    assert ">3\u00a0min ago<" in formatting.when(now - timedelta(minutes=3, seconds=5))
    assert ">in 2\u00a0h<" in formatting.when(now + timedelta(hours=2, minutes=1))
    assert ">now<" in formatting.when(now)
    old = datetime(2020, 2, 3, 14, 2, 5, tzinfo=UTC)
    assert 'datetime="2020-02-03T14:02:05Z"' in formatting.when(old)
    assert 'title="2020-02-03 14:02:05 UTC"' in formatting.when(old)
    assert ">3\u00a0Feb\u00a02020<" in formatting.when(old)
    assert ">3\u00a0Feb\u00a02020 14:02:05<" in formatting.clock(old)
    assert formatting.when(None) == "unknown"


def test_long_names_may_break_and_stay_escaped():
    assert formatting.breaks("rating.age") == "rating.<wbr>age"
    assert formatting.breaks("a_b") == "a_<wbr>b"
    assert formatting.breaks("<b>_x") == "&lt;b&gt;_<wbr>x"


def test_plurals():
    assert formatting.many(1, "step") == "1 step"
    assert formatting.many(2, "step") == "2 steps"
    assert formatting.many(1, "index|indexes") == "1 index"
    assert formatting.many(1200, "index|indexes") == "1,200 indexes"
    assert formatting.spelled(7) == "seven"
    assert formatting.spelled(13) == "13"


def test_parameters_of_indexes():
    text = {"type": "text", "tokenizer": "word", "lowercase": True}
    text |= {"min_token_len": 2, "max_token_len": 15}
    assert formatting.parameters(text) == "word, 2 to 15, any case"
    integer = {"type": "integer", "lookup": True, "range": False}
    assert formatting.parameters(integer) == "finds equal values"
    assert formatting.parameters({"type": "keyword", "is_tenant": False}) == ""
    foreign = {"type": "keyword", "on_disk": True, "m": 4}
    assert formatting.parameters(foreign) == "m 4, on disk"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "yes"),
        (False, "no"),
        (None, "not set"),
        ("", "not set"),
        (0, "0"),
        (["a", True], "a, yes"),
        ({"type": "keyword", "is_tenant": None}, "type keyword, is_tenant not set"),
    ],
)
def test_settings_are_words(value, written):
    assert formatting.setting(value) == written


def test_no_parameter_is_written_as_the_language_writes_it():
    schema = {"type": "keyword", "on_disk": False, "stemmer": None}
    assert formatting.parameters(schema) == "on disk no, stemmer not set"
