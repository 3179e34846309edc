"""Reading a copy window by window, with digests of what is read.

Ids have marks in the digests, so that they can be compared before and after references
are rewritten.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

from nsadmin.clones.copy import windows
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.copy.references import is_foreign_copy
from nsadmin.clones.copy.windows import ZERO, Window, added, id_digest
from nsadmin.clones.verify.canonical import Side, serialized
from nsadmin.clones.verify.content import Contents
from nsadmin.clones.verify.pass_state import count_changed

Point = dict[str, Any]
PointId = int | str


@dataclass(slots=True)
class Scan:
    """The state of one reading; it is kept in the job's cursor between slices.

    `window` and `offset` are the position. `points`, `ids` and `content` are the number
    and the digests of the points that were read in the current window, `ids` without
    and `content` with the payloads; `read` and `total` are those of all windows.
    `foreign` counts points that name another namespace, whose payloads get no marks.
    `changed` maps the fields with marks to their numbers.
    """

    window: int = 0
    offset: PointId | None = None
    points: int = 0
    ids: str = ZERO
    content: str = ZERO
    read: int = 0
    total: str = ZERO
    foreign: int = 0
    changed: dict[str, int] = field(default_factory=dict)

    def add(self, context: CopyContext, rows: list[Point], own: Contents) -> None:
        """Add points, with the marks of `own`."""
        ids: list[int] = []
        contents: list[int] = []
        marked: Counter[str] = Counter()
        unmarked = Contents(None)
        for row in rows:
            is_foreign = is_foreign_copy(context, row)
            made = unmarked if is_foreign else own
            self.foreign += is_foreign
            ids.append(id_digest(row["id"]))
            content = made.of(row.get("payload") or {}, marked)
            contents.append(_digest(row["id"], content))
        self.points += len(rows)
        self.read += len(rows)
        self.ids = added(self.ids, ids)
        self.content = added(self.content, contents)
        self.total = added(self.total, contents)
        count_changed(self.changed, marked)

    def leave_window(self) -> None:
        """Go to the begin of the next window."""
        self.window += 1
        self.offset = None
        self.points, self.ids, self.content = 0, ZERO, ZERO

    def to_json(self) -> dict[str, Any]:
        """Return the state as it is kept in the cursor."""
        return asdict(self)


def _digest(point_id: PointId, content: bytes) -> int:
    made = blake2b(serialized(point_id) + content, digest_size=16)
    return int.from_bytes(made.digest(), "big")


def start_of(ranges: list[Window], number: int) -> PointId | None:
    """Return the id at which a window begins; None for the first one."""
    return ranges[number - 1].stop if number else None


def read(
    context: CopyContext,
    scan: Scan,
    side: Side,
    *,
    on_rows: Callable[[list[Point]], None],
    on_window: Callable[[list[Window]], None],
    save: Callable[[], None],
) -> None:
    """Read the copy from the scan's position to its end.

    `on_rows` gets the points of a chunk, `on_window` is called at the end of each
    window, and `save` after both. Raises what these raise.
    """
    ranges, contents = windows.load(context), Contents(side)
    while scan.window < len(ranges):
        begin, stop = start_of(ranges, scan.window), ranges[scan.window].stop
        offset = begin if scan.offset is None else scan.offset
        for rows, behind in windows.chunks(context.target_site, offset, stop):
            scan.add(context, rows, contents)
            on_rows(rows)
            scan.offset = behind
            if behind is None:
                on_window(ranges)
                scan.leave_window()
            save()
