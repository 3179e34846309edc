"""Reading single values of a stored document; each that is odd is noted. Pure.

Other programs write the documents too, so every value may be missing, of another type
or out of range. A reader never raises: it returns what can be read, and keeps a
sentence for each value that cannot.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from nsadmin import names
from nsadmin.names import clip

# What a column of integers holds, also in PostgreSQL.
MAX_WHOLE = 2**31 - 1
MAX_ID_LENGTH = 128
MAX_TEXT_LENGTH = 20_000
MAX_ENTRIES = 1000
MAX_DEPTH = 32
# Dates near the limits of `datetime` overflow as soon as hours are added to them.
FIRST_YEAR, LAST_YEAR = 1900, 8999
_MAX_FAULTS = 20
_MAX_FAULT_LENGTH = 300
_MAX_KEY_LENGTH = 60
_MAX_QUOTED_LENGTH = 40
_UUID_LENGTH = 36
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Pages and the API have addresses of their own under these words.
_RESERVED_IDS = frozenset({"", ".", "..", "new", "deleted", "due", "list", "stats"})

OBJECT = "an object"
LIST = "a list"
TEXT = "text"
_KIND_NAMES: Sequence[tuple[type, str]] = (
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number"),
    (str, TEXT),
    (Mapping, OBJECT),
    (list, LIST),
    (datetime, "a date"),
    (bytes, "bytes"),
)
# Types of the database driver, which this room does not import.
_FOREIGN_KINDS = {
    "DatetimeMS": "a date beyond the year 9999",
    "ObjectId": "an ObjectId",
    "Decimal128": "a decimal number",
}


def kind_of(value: object) -> str:
    """Return what a value is, in words that follow “is”."""
    if value is None:
        return "null"
    for kind, words in _KIND_NAMES:
        if isinstance(value, kind):
            return words
    name = type(value).__name__
    return _FOREIGN_KINDS.get(name, f"of the type {name}")


def join(path: str, key: object) -> str:
    """Return the path of a key or a position below another path."""
    word = clip(str(key), _MAX_KEY_LENGTH)
    return f"{path}.{word}" if path else word


class Reader:
    """Reads values and notes the odd ones.

    The methods take an object, a key of it and, for messages, the path `at` of the
    object. Null is the same as absent. They return None for what cannot be read.
    """

    def __init__(self) -> None:
        self._faults: list[str] = []
        self._more = 0

    @property
    def faults(self) -> tuple[str, ...]:
        """The sentences, in the order of reading; beyond twenty only their number."""
        if not self._more:
            return tuple(self._faults)
        return (*self._faults, f"document has {self._more:,} more faults of this kind")

    def note(self, path: str, what: str) -> None:
        """Note a value that cannot be read; `what` follows its path."""
        if len(self._faults) < _MAX_FAULTS:
            sentence = " ".join(f"{path} {what}".split())  # a key may have lines
            self._faults.append(clip(sentence, _MAX_FAULT_LENGTH))
        else:
            self._more += 1

    def expect(self, path: str, value: object, expected: str) -> None:
        """Note a value of another kind than the expected one."""
        if value is None:
            self.note(path, f"is missing, expected {expected}")
        else:
            self.note(path, f"is {kind_of(value)}, expected {expected}")

    def text(
        self,
        holder: Mapping[str, Any],
        key: str,
        *,
        at: str = "",
        longest: int = MAX_TEXT_LENGTH,
    ) -> str | None:
        """Return a text, cut and without characters that no database stores."""
        value = holder.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            self.expect(join(at, key), value, TEXT)
            return None
        if fault := text_fault(value, longest):
            self.note(join(at, key), fault)
            return clip(value, longest)
        return value

    def id(
        self, holder: Mapping[str, Any], key: str, *, longest: int, at: str = ""
    ) -> str | None:
        """Return an id; one that is cut would be another id, so it is None."""
        value = holder.get(key)
        fault = text_fault(value, longest) if isinstance(value, str) else ""
        if fault:
            self.note(join(at, key), fault)
            return None
        return self.text(holder, key, at=at)

    def uuid(self, holder: Mapping[str, Any], key: str, *, at: str = "") -> str | None:
        """Return the id of a job, which is a UUID."""
        value = self.id(holder, key, longest=_UUID_LENGTH, at=at)
        if value is None or _UUID.fullmatch(value):
            return value
        self.note(join(at, key), f"is “{value}”, expected a UUID")
        return None

    def choice(
        self,
        holder: Mapping[str, Any],
        key: str,
        options: Sequence[str],
        *,
        at: str = "",
    ) -> str | None:
        """Return one of the texts in `options`."""
        value = holder.get(key)
        if value is None or value == "":
            return None
        if isinstance(value, str) and value in options:
            return value
        expected = f"one of {', '.join(options)}"
        if isinstance(value, str):
            quoted = clip(value, _MAX_QUOTED_LENGTH)
            self.note(join(at, key), f"is “{quoted}”, expected {expected}")
        else:
            self.expect(join(at, key), value, expected)
        return None

    def whole(self, holder: Mapping[str, Any], key: str, *, at: str = "") -> int | None:
        """Return a whole number from 0 to MAX_WHOLE; 3.0 counts as one."""
        value = holder.get(key)
        if value is None:
            return None
        expected = f"a whole number from 0 to {MAX_WHOLE:,}"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.expect(join(at, key), value, expected)
            return None
        # The comparison comes first: it is False for NaN, and infinity has no `int`.
        if not 0 <= value <= MAX_WHOLE or int(value) != value:
            shown = clip(
                f"{value:,}" if isinstance(value, int) else f"{value}",
                _MAX_QUOTED_LENGTH,
            )
            self.note(join(at, key), f"is {shown}, expected {expected}")
            return None
        return int(value)

    def flag(self, holder: Mapping[str, Any], key: str, *, at: str = "") -> bool | None:
        """Return true or false."""
        value = holder.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.expect(join(at, key), value, "true or false")
        return None

    def date(self, holder: Mapping[str, Any], key: str) -> datetime | None:
        """Return a date with its zone; one without counts as UTC."""
        value = holder.get(key)
        if value is None:
            return None
        if not isinstance(value, datetime):
            self.expect(key, value, "a date")
            return None
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            span = f"a date in the years {FIRST_YEAR} to {LAST_YEAR}"
            self.note(key, f"is in the year {value.year}, expected {span}")
            return None
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)

    def object(
        self, holder: Mapping[str, Any], key: str, *, at: str = ""
    ) -> Mapping[str, Any] | None:
        """Return an object; its values are not read yet."""
        value = holder.get(key)
        if value is None or isinstance(value, Mapping):
            return value
        self.expect(join(at, key), value, OBJECT)
        return None

    def entries(
        self, holder: Mapping[str, Any], key: str, kind: Literal["object", "text"]
    ) -> Iterator[tuple[int, Any]]:
        """Yield position and value of the entries of a list that are of this kind."""
        value = holder.get(key)
        if value is None:
            return
        if not isinstance(value, list):
            self.expect(key, value, LIST)
            return
        if len(value) > MAX_ENTRIES:
            self.too_many(key, len(value))
        wanted = dict if kind == "object" else str
        for number, entry in enumerate(value[:MAX_ENTRIES]):
            if isinstance(entry, wanted):
                yield number, entry
            else:
                expected = OBJECT if kind == "object" else TEXT
                path = f"{key}.{number}"
                self.note(path, f"is {kind_of(entry)}, expected {expected}")

    def too_many(self, path: str, count: int) -> None:
        """Note a list or an object with more entries than are read."""
        self.note(path, f"has {count:,} entries, expected at most {MAX_ENTRIES:,}")

    def copied(self, value: Any, path: str) -> Any:
        """Return a copy of a value of any shape; what is nested too deep is null."""
        copy, is_whole = _copied(value, MAX_DEPTH)
        if not is_whole:
            self.note(path, f"is nested deeper than {MAX_DEPTH} levels")
        return copy


def text_fault(value: str, longest: int) -> str:
    """Return what keeps a text from being stored as it is; "" if nothing does."""
    if len(value) > longest:
        return f"has {len(value):,} characters, expected at most {longest:,}"
    if "\0" in value:
        return "has the character U+0000, expected text without it"
    if value.isascii():
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        return "has bytes that are not UTF-8, expected text"
    return ""


def id_fault(value: object) -> str:
    """Return why no page can have this id in its address; "" if one can."""
    if not isinstance(value, str):
        return f"is {kind_of(value)}, expected text"
    if fault := text_fault(value, MAX_ID_LENGTH):
        return fault
    is_plain = value.isascii() and value.isprintable()
    is_shown = is_plain or not any(map(names.is_hidden, value))
    if value in _RESERVED_IDS or "/" in value or not is_shown:
        quoted = clip(value, _MAX_QUOTED_LENGTH)
        return f"is “{quoted}”, which cannot be part of an address"
    return ""


def _copied(value: Any, depth: int) -> tuple[Any, bool]:
    if not isinstance(value, (Mapping, list)):
        return value, True
    if depth == 0:
        return None, False
    if isinstance(value, list):
        items = [_copied(item, depth - 1) for item in value]
        return [copy for copy, _ in items], all(whole for _, whole in items)
    pairs = {key: _copied(item, depth - 1) for key, item in value.items()}
    copies = {key: copy for key, (copy, _) in pairs.items()}
    return copies, all(whole for _, whole in pairs.values())
