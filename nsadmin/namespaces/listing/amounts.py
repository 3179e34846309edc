"""Numbers of a list: of its rows, and of the documents in its namespaces. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

MOST = 1000


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows; `is_least` if there are more than were counted."""

    n: int = 0
    is_least: bool = False

    @classmethod
    def up_to_most(cls, n: int) -> "Count":
        """Return the count of something that was counted one further than MOST."""
        return cls(min(n, MOST), is_least=n > MOST)


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of namespaces; `unknown` of them have no count."""

    n: int
    unknown: int

    @classmethod
    def added_up(cls, counts: Iterable[int | None]) -> "Documents":
        """Return the sum of counts."""
        known = [*counts]
        return cls(sum(n for n in known if n is not None), known.count(None))
