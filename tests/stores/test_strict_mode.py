"""Strict mode is read from any configuration, and its refusals are put in words."""

import pytest

from nsadmin.stores.qdrant.bulk import exchange, rate_limits, strict_mode
from nsadmin.stores.qdrant.bulk.rate_limits import RateLimitReached
from nsadmin.stores.qdrant.bulk.strict_mode import NONE, StrictMode, StrictModeRefusal


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"strict_mode_config": None},
        {"strict_mode_config": []},
        {"strict_mode_config": {"enabled": False, "max_query_limit": 1}},
        {"strict_mode_config": {"enabled": "yes", "max_query_limit": 1}},
        {"strict_mode_config": {"enabled": True}},
        {"strict_mode_config": {"enabled": True, "max_query_limit": None}},
        {"strict_mode_config": {"enabled": True, "max_query_limit": "9"}},
        {"strict_mode_config": {"enabled": True, "max_query_limit": True}},
        {"strict_mode_config": {"enabled": True, "max_query_limit": -4}},
    ],
)
def test_what_is_no_limit(config):
    assert strict_mode.read(config) == NONE


def test_limits_are_read():
    stated = {
        "enabled": True,
        "max_query_limit": 7,
        "upsert_max_batchsize": 50,
        "write_rate_limit": 20,
        "unindexed_filtering_retrieve": False,
        "search_allow_exact": False,
    }
    rules = strict_mode.read({"strict_mode_config": stated})
    assert rules == StrictMode(
        max_query_limit=7,
        upsert_max_batchsize=50,
        write_rate_limit=20,
        unindexed_filtering_retrieve=False,
        search_allow_exact=False,
    )
    assert rules.most_points_written == 20
    assert NONE.most_points_written is None


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ('Limit exceeded 9 > 5 for "limit". Help: …', "max_query_limit", "at most 5"),
        ('Limit exceeded 9 > 5 for "hnsw_ef"', "search_max_hnsw_ef", "hnsw_ef"),
        (
            'Limit exceeded 2.5 > 1.5 for "oversampling"',
            "search_max_oversampling",
            "at most 1.5",
        ),
        (
            'Limit exceeded 9 > 5 for "search batch size"',
            "search_max_batchsize",
            "at most 5 searches",
        ),
        (
            'Limit exceeded 9 > 5 for "upsert limit"',
            "upsert_max_batchsize",
            "write at most 5 points",
        ),
        (
            "Filter condition limit reached (9 > 5). Help: …",
            "filter_max_conditions",
            "at most 5 conditions",
        ),
        (
            "Condition size limit reached (9 > 5). Help: …",
            "condition_max_size",
            "at most 5 values",
        ),
        (
            'Index required but not found for "a.b" of one of the following types: [x]',
            "unindexed_filtering",
            "“a.b” has no index",
        ),
        ("Exact search disabled! Help: …", "search_allow_exact", "exact searches"),
        (
            "Max points count limit of 5 reached!",
            "max_points_count",
            "at most 5 points",
        ),
        ("New rule broken. Help: do not.", "", "New rule broken."),
    ],
)
def test_a_refusal_names_the_limit(text, rule, words):
    body = f'{{"status":{{"error":"Bad request: {text}"}}}}'.replace(
        text, text.replace('"', '\\"')
    )
    error = exchange.refusal(400, body, None)
    assert isinstance(error, StrictModeRefusal)
    assert error.rule == rule
    assert words in error.message
    assert error.message.startswith("The collection's strict mode forbids this: ")
    assert "upstream" not in error.details


def test_other_refusals_are_left_as_they_are():
    text = "Wrong input: Vector dimension error: expected dim: 8, got 7"
    assert strict_mode.refusal(text) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 0 ", 0),
        ("99999999999", 86_400),
        (None, 1),
        ("", 1),
        ("soon", 1),
        ("-3", 1),
        ("\u0661", 1),
        ("Mon, 99 Foo 2026 00:00:00 GMT", 1),
        ("Wed, 01 Jan 2025 00:00:00 GMT", 0),
    ],
)
def test_retry_after_is_read_from_any_header(header, seconds):
    error = rate_limits.refusal("Rate limiting exceeded", header)
    assert isinstance(error, RateLimitReached)
    assert error.retry_after_s == seconds


@pytest.mark.parametrize("kind", ["Write", "Read"])
def test_a_call_that_can_never_pass_is_no_wait(kind):
    text = f"{kind} rate limit exceeded, request larger than rate limiter capacity"
    error = rate_limits.refusal(text, None)
    assert isinstance(error, StrictModeRefusal)
    assert error.rule == f"{kind.lower()}_rate_limit"


def test_a_call_is_repeated_after_its_pauses_and_no_longer():
    waits: list[float] = []
    left = [3.0, 0.0, 2.0]

    def call() -> str:
        if left:
            raise RateLimitReached(left.pop(0), "")
        return "done"

    with rate_limits.waited_for(waits.append):
        assert rate_limits.patiently(call) == "done"
    assert waits == [3.0, 0.05, 2.0]

    def never() -> str:
        raise RateLimitReached(40.0, "")

    waits.clear()
    with rate_limits.waited_for(waits.append), pytest.raises(RateLimitReached):
        rate_limits.patiently(never)
    assert sum(waits) <= rate_limits.MAX_WAIT_S
    assert not rate_limits.is_waited_for()
