"""The proof of a clone whose points came as a whole.

The copy is of one instant and the source may be written at any time, so the two cannot
be compared point by point. Instead: the ids of the copy are the source's of before or
of now, window by window; its contents have the same digest before and after references
were rewritten, by the proof's own reading of ids; and the vectors of a random sample
are equal bit by bit.
"""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Final

from nsadmin.clones.copy import windows
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.copy.points import SAMPLE_KEY
from nsadmin.clones.copy.windows import Window
from nsadmin.clones.verify import copy_fault, scan
from nsadmin.clones.verify.pass_state import (
    VerificationPass,
    marks_of,
    verification_error,
)
from nsadmin.clones.verify.scan import Scan
from nsadmin.transfer import sample
from nsadmin.transfer.sample import SampleResult

# Cursor entries: the secret of the marks, and the readings before and after.
MARKS_KEY: Final = "marks"
FIRST_KEY: Final = "first_scan"
SECOND_KEY: Final = "second_scan"
_SINCE_KEY: Final = "since"
_RESULT_KEY: Final = "copy_proof"


@dataclass(slots=True)
class Since:
    """What was written to the source since the copy: points added, points removed."""

    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class CopyProof:
    """What was proven of a copy: its points, both digests, its sample."""

    points: int
    first_digest: str
    second_digest: str
    foreign: int
    changed: dict[str, int]
    added: int
    removed: int
    compared: int
    equal: int
    written_since: int

    @property
    def is_source_unwritten(self) -> bool:
        """Whether nothing shows that the source was written since the copy."""
        return not (self.added or self.removed or self.written_since)


def prove(context: CopyContext, current: VerificationPass) -> CopyProof:
    """Read the copy once more and compare it with what was copied.

    The result is kept: a further pass, for documents, gets the same one. Raises
    Conflict with code `clone_unproven` for the first point that differs.
    """
    if _RESULT_KEY not in context.job.cursor:
        second = Scan(**context.job.cursor.get(SECOND_KEY) or {})
        since = Since(**context.job.cursor.get(_SINCE_KEY) or {})
        _read_again(context, current, second, since)
        stored = asdict(_result(context, second, since, _sampled(context)))
        context.save(**{_RESULT_KEY: stored})
    return proven(context)


def proven(context: CopyContext) -> CopyProof:
    """Return the result of the proof, once there is one."""
    return CopyProof(**context.job.cursor[_RESULT_KEY])


def _read_again(
    context: CopyContext, current: VerificationPass, second: Scan, since: Since
) -> None:
    marks = marks_of(context, context.job.cursor[MARKS_KEY])
    done = current.checked

    def save() -> None:
        context.job.progress.advance(current.stage, done=done + second.read)
        context.save(
            **{SECOND_KEY: second.to_json(), _SINCE_KEY: asdict(since)},
        )

    scan.read(
        context,
        second,
        marks.clone,
        on_rows=lambda _: None,
        on_window=partial(_compare, context, second, since),
        save=save,
    )


def _compare(
    context: CopyContext, second: Scan, since: Since, ranges: list[Window]
) -> None:
    """Compare a window with what was copied, and its ids with the source's."""
    window, begin = ranges[second.window], scan.start_of(ranges, second.window)
    copied = (window.copied, window.copied_ids, window.content)
    if (second.points, second.ids, second.content) != copied:
        marks = marks_of(context, context.job.cursor[MARKS_KEY])
        raise verification_error(
            copy_fault.difference(context, begin, window.stop, marks)
        )
    now = windows.source_ids(context, begin, window.stop)
    digest = windows.added(windows.ZERO, map(windows.id_digest, now))
    if (len(now), digest) == (second.points, second.ids):
        return
    missing, extra = copy_fault.ids_apart(context, begin, window.stop, now)
    if (len(now), digest) == (window.points, window.ids):
        raise verification_error(copy_fault.sentence_of(missing, extra))
    since.added += len(missing)
    since.removed += len(extra)


def _sampled(context: CopyContext) -> SampleResult:
    """Compare the vectors of the sample; raise Conflict for one that differs."""
    found = sample.check(
        context.source_site, context.target_site, context.job.cursor[SAMPLE_KEY]
    )
    if found.fault:
        raise verification_error(found.fault)
    return found


def _result(
    context: CopyContext, second: Scan, since: Since, sampled: SampleResult
) -> CopyProof:
    first = Scan(**context.job.cursor[FIRST_KEY])
    return CopyProof(
        points=second.read,
        first_digest=first.total,
        second_digest=second.total,
        foreign=second.foreign,
        changed=first.changed,
        added=since.added,
        removed=since.removed,
        compared=sampled.compared,
        equal=sampled.equal,
        written_since=sampled.written_since,
    )
