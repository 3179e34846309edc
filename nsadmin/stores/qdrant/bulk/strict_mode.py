"""The strict mode of a collection: limits that its owner sets, and what they refuse.

Qdrant answers 400 to a call that strict mode forbids, with a text that ends in a hint.
The texts are recognized here, so that an error names the limit in plain words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nsadmin.errors import UpstreamError

CODE: Final = "strict_mode"


@dataclass(frozen=True, slots=True)
class StrictMode:
    """The limits that bound our own calls; None where the collection sets none.

    Rates are operations per minute: a read costs one, a write one for each point.
    """

    max_query_limit: int | None = None
    upsert_max_batchsize: int | None = None
    read_rate_limit: int | None = None
    write_rate_limit: int | None = None
    unindexed_filtering_retrieve: bool = True
    unindexed_filtering_update: bool = True
    search_allow_exact: bool = True
    filter_max_conditions: int | None = None
    max_payload_index_count: int | None = None

    @property
    def most_points_written(self) -> int | None:
        """The points that one write may have. A batch above the rate never passes."""
        limits = (self.upsert_max_batchsize, self.write_rate_limit)
        return min((n for n in limits if n is not None), default=None)


NONE: Final = StrictMode()


def read(config: Mapping[str, Any]) -> StrictMode:
    """Return the limits in a collection's configuration; NONE where they are off."""
    stated = config.get("strict_mode_config")
    if not isinstance(stated, dict) or stated.get("enabled") is not True:
        return NONE
    return StrictMode(
        max_query_limit=_number(stated, "max_query_limit"),
        upsert_max_batchsize=_number(stated, "upsert_max_batchsize"),
        read_rate_limit=_number(stated, "read_rate_limit"),
        write_rate_limit=_number(stated, "write_rate_limit"),
        unindexed_filtering_retrieve=_is_allowed(
            stated, "unindexed_filtering_retrieve"
        ),
        unindexed_filtering_update=_is_allowed(stated, "unindexed_filtering_update"),
        search_allow_exact=_is_allowed(stated, "search_allow_exact"),
        filter_max_conditions=_number(stated, "filter_max_conditions"),
        max_payload_index_count=_number(stated, "max_payload_index_count"),
    )


def _number(stated: Mapping[str, Any], key: str) -> int | None:
    value = stated.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    return value


def _is_allowed(stated: Mapping[str, Any], key: str) -> bool:
    return stated.get(key) is not False


class StrictModeRefusal(UpstreamError):
    """The strict mode of a collection forbids the call; `rule` is the setting's name.

    `details["rule"]` is the same; it is "" where the text of Qdrant names no setting.
    """

    default_code = CODE

    def __init__(self, message: str, *, rule: str, text: str) -> None:
        super().__init__(
            message,
            details={
                "store": "qdrant",
                "status": 400,
                "rule": rule,
                "answer": text[:500],
            },
        )
        self.rule = rule


@dataclass(frozen=True, slots=True)
class _Rule:
    """A setting, the pattern of its refusals, and a sentence with their groups."""

    name: str
    pattern: re.Pattern[str]
    sentence: str


def _rule(name: str, pattern: str, sentence: str) -> _Rule:
    return _Rule(name, re.compile(pattern), sentence)


def _limit(name: str, what: str, sentence: str) -> _Rule:
    exceeded = r"Limit exceeded (?P<asked>[\d.]+) > (?P<most>[\d.]+) for"
    return _rule(name, rf"{exceeded} [\"']{what}[\"']", sentence)


_RULES: Final = (
    _limit(
        "max_query_limit",
        "limit",
        "a call may ask for at most {most} points, and this one asks for {asked}",
    ),
    _limit(
        "search_max_hnsw_ef",
        "hnsw_ef",
        "a search may set hnsw_ef to at most {most}, and this one sets {asked}",
    ),
    _limit(
        "search_max_oversampling",
        "oversampling",
        "a search may set oversampling to at most {most}, and this one sets {asked}",
    ),
    _limit(
        "max_timeout",
        "timeout",
        "a call may last at most {most} s, and this one asks for {asked} s",
    ),
    _limit(
        "search_max_batchsize",
        "[^\"']*search[^\"']*",
        "a call may have at most {most} searches, and this one has {asked}",
    ),
    _limit(
        "upsert_max_batchsize",
        "[^\"']*(?:upsert|update|batch)[^\"']*",
        "a call may write at most {most} points, and this one writes {asked}",
    ),
    _limit(
        "filter_max_conditions",
        "filter limit",
        "a filter may have at most {most} conditions, and this one has {asked}",
    ),
    _rule(
        "filter_max_conditions",
        r"Filter condition limit reached \((?P<asked>\d+) > (?P<most>\d+)\)",
        "a filter may have at most {most} conditions, and this one has {asked}",
    ),
    _rule(
        "condition_max_size",
        r"Condition size limit reached \((?P<asked>\d+) > (?P<most>\d+)\)",
        "a condition may have at most {most} values, and this one has {asked}",
    ),
    _rule(
        "unindexed_filtering",
        r"Index required but not found for \"(?P<field>.{1,300}?)\" of",
        "the field “{field}” has no index of a fitting type, and filters may use "
        "only indexed fields",
    ),
    _rule(
        "search_allow_exact",
        r"Exact search disabled",
        "exact searches are switched off",
    ),
    _rule(
        "max_points_count",
        r"Max points count limit of (?P<most>\d+) reached",
        "the collection may have at most {most} points",
    ),
    _rule(
        "max_payload_index_count",
        r"maximum number of payload indices \((?P<most>\d+)\)",
        "the collection may have at most {most} payload indexes",
    ),
    _rule(
        "max_collection_vector_size_bytes",
        r"Max vector storage size limit of (?P<most>[^!]{1,40}) reached",
        "its vectors may take at most {most}",
    ),
    _rule(
        "max_collection_payload_size_bytes",
        r"Max payload storage size limit of (?P<most>[^!]{1,40}) reached",
        "its payloads may take at most {most}",
    ),
    _rule(
        "multivector_config",
        r"Multivector '(?P<field>.{1,200}?)' has a limit of (?P<most>\d+)",
        "the multivector “{field}” may have at most {most} vectors in a point",
    ),
    _rule(
        "sparse_config",
        r"Sparse vector '(?P<field>.{1,200}?)' has a limit of (?P<most>\d+)",
        "the sparse vector “{field}” may have at most {most} values in a point",
    ),
    _rule(
        "max_resident_memory_percent",
        r"Resident memory usage is at (?P<asked>\d+)%.*limit of (?P<most>\d+)%",
        "the server may use {most} % of its memory, and it uses {asked} %",
    ),
    _rule(
        "max_disk_usage_percent",
        r"Disk usage is at (?P<asked>\d+)%.*limit of (?P<most>\d+)%",
        "the server's disk may be {most} % full, and it is {asked} % full",
    ),
)

_HINT: Final = ". Help: "


def refusal(text: str) -> StrictModeRefusal | None:
    """Return the error for the text of an answer 400; None if it is not strict mode."""
    for rule in _RULES:
        if found := rule.pattern.search(text):
            parts = found.groupdict(default="")
            return StrictModeRefusal(
                _message(rule.name, rule.sentence.format(**parts)),
                rule=rule.name,
                text=text,
            )
    if _HINT not in text:
        return None
    reason = text.partition(_HINT)[0].removeprefix("Bad request: ")
    message = f"The collection's strict mode forbids this: {reason[:300]}."
    return StrictModeRefusal(message, rule="", text=text)


def _message(rule: str, reason: str) -> str:
    name = "unindexed_filtering_…" if rule == "unindexed_filtering" else rule
    return f"The collection's strict mode forbids this: {reason} ({name})."
