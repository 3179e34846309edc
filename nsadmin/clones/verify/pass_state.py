"""The state of one pass of the verification, and how it ends in an error."""

import secrets
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Final

from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.stages import VERIFY_STAGES
from nsadmin.clones.verify.canonical import Marks
from nsadmin.errors import Conflict

_ZERO_DIGEST: Final = "0" * 32
# Fields with different names in a report; a payload may have any number of them.
_MAX_CHANGED_PATHS: Final = 200
_OTHER_PATHS: Final = "(other fields)"


@dataclass(slots=True)
class VerificationPass:
    """The state of one pass; it is kept in the job's cursor between slices.

    `finished` has the compared kinds, `after` and `offset` the position in the current
    one. `seen` counts the compared documents and points, `vectors` the points with each
    vector. `foreign` counts the compared points that name another namespace, `left_out`
    those that the clone does not get. `mended` counts the repaired differences, `added`
    those among them that the clone did not have, over all passes. `extra` counts
    the points that only the clone has, `extra_id` is one of them. `changed` maps the
    fields in which ids were replaced to their numbers. `secret` makes the marks of this
    pass.
    """

    number: int = 1
    finished: list[str] = field(default_factory=list)
    after: str = ""
    offset: int | str | None = None
    seen: dict[str, int] = field(default_factory=dict)
    vectors: dict[str, int] = field(default_factory=dict)
    foreign: int = 0
    left_out: int = 0
    mended: int = 0
    added: dict[str, int] = field(default_factory=dict)
    extra: int = 0
    extra_id: int | str | None = None
    changed: dict[str, int] = field(default_factory=dict)
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    source_digest: str = _ZERO_DIGEST
    clone_digest: str = _ZERO_DIGEST

    @property
    def checked(self) -> int:
        """How many documents and points were compared."""
        return sum(self.seen.values()) + self.left_out

    @property
    def stage(self) -> str:
        """The key of this pass's stage of the job."""
        return VERIFY_STAGES[self.number - 1]

    def next_pass(self) -> "VerificationPass":
        """Return the state in which the following pass starts."""
        return VerificationPass(number=self.number + 1, added=self.added)

    def marks(self, context: CopyContext) -> Marks:
        """Return the marks of the known ids; raise Conflict if two have one new id."""
        return marks_of(context, self.secret)

    def add_repaired(self, part: str, *, repaired: int, missing: int) -> None:
        """Count repaired differences, and those of them that the clone did not have."""
        self.mended += repaired
        self.added[part] = self.added.get(part, 0) + missing

    def add_changed(self, changed: Counter[str]) -> None:
        """Add the fields of compared documents in which ids were replaced."""
        count_changed(self.changed, changed)


def count_changed(counts: dict[str, int], changed: Counter[str]) -> None:
    """Add fields in which ids were replaced to their numbers; the most fields apart."""
    for name, count in changed.items():
        is_known = name in counts or len(counts) < _MAX_CHANGED_PATHS
        key = name if is_known else _OTHER_PATHS
        counts[key] = counts.get(key, 0) + count


def marks_of(context: CopyContext, secret: str) -> Marks:
    """Return the marks of the known ids; raise Conflict if two have one new id."""
    try:
        return Marks.of(context.ids, secret)
    except ValueError as same:
        raise verification_error(str(same)) from same


def verification_error(reason: str) -> Conflict:
    """Return the error for a clone that differs from its source."""
    return Conflict(f"The verification failed: {reason}", code="clone_unproven")


def save(context: CopyContext, current: VerificationPass) -> None:
    """Write a checkpoint; raises what `JobContext.checkpoint` raises."""
    context.job.progress.advance(current.stage, done=current.checked)
    context.save(proof=asdict(current))


def end_part(context: CopyContext, current: VerificationPass, part: str) -> None:
    """Note that a kind, or the points, are compared to the end."""
    current.finished.append(part)
    current.after, current.offset = "", None
    save(context, current)
