"""Public records before they become points, and the choice among them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from nsadmin.embedded.seed.data.ids import shuffle_key

Fields = dict[str, Any]
"""Payload fields of a record, ready for JSON."""


@dataclass(frozen=True, slots=True)
class Record:
    """One public record.

    `key` is its identity in its source (an ICAO code, a date); `source` names the file
    or object that carried it, so records of one source share one object. `traits` are
    words that only the vectors see: bands of numbers, codes, neighborhoods.
    `number` is set where the source numbers its records itself.
    """

    key: str
    source: str
    title: str
    text: str
    traits: tuple[str, ...] = ()
    fields: Fields = field(default_factory=dict)
    number: int | None = None


def bands(name: str, value: float | None, *widths: float) -> Iterator[str]:
    """Traits that two records share when their values are close.

    Each width gives two overlapping bands, so values on either side of one border
    still share the other band: close numbers become close vectors.
    """
    if value is None:
        return
    for width in widths:
        yield f"{name}/{width:g}:{int(value // width)}"
        yield f"{name}/{width:g}+:{int((value + width / 2) // width)}"


def sampled(records: Iterable[Record], limit: int, salt: str) -> list[Record]:
    """At most `limit` records, picked evenly and always the same, in key order."""
    picked = sorted(records, key=lambda record: shuffle_key(salt, record.key))[:limit]
    return sorted(picked, key=lambda record: record.key)


def present_fields(**fields: Any) -> Fields:
    """The fields that have a value: a missing one is left out, never null."""
    return {name: value for name, value in fields.items() if value not in (None, "")}
