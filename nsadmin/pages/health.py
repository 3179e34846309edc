"""The live panel: what Qdrant said, how old that is, when to ask again."""

from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from nsadmin.health.judge import Judgement, judge
from nsadmin.namespaces import queries
from nsadmin.namespaces.observe import LiveShape, Snapshot
from nsadmin.namespaces.queries import NamespaceView
from nsadmin.pages.states import Shown

_OLD = timedelta(seconds=60)
# After so many polls the next ones come at this distance, in seconds.
_SPACING = ((24, 5), (60, 15), (10**9, 60))
_SILENT_S = 15


@dataclass(frozen=True, slots=True)
class Panel:
    """What `#health` shows. `turn` counts the polls, `every` is the next distance."""

    snapshot: Snapshot | None
    judgement: Judgement
    paused: bool
    turn: int
    every: int

    @property
    def state(self) -> Shown:
        """The judgement as it is drawn."""
        return Shown(self.judgement.role, self.judgement.icon, self.judgement.word)

    @property
    def live(self) -> LiveShape | None:
        """The last good answer, however old."""
        return self.snapshot.live if self.snapshot else None

    @property
    def is_stale(self) -> bool:
        """Whether the values are only the last known ones."""
        return self.snapshot is None or self.judgement.key == "unknown"


def panel_of(request: HttpRequest, view: NamespaceView) -> Panel:
    """Look at Qdrant for the panel; `?fresh=1` asks now, `?pause=1` stops the polls."""
    turn = request.GET.get("turn", "0")
    count = int(turn) if turn.isascii() and turn.isdigit() and len(turn) < 7 else 0
    snapshot = queries.snapshot(view, force="fresh" in request.GET)
    judgement = _judged(snapshot)
    every = next(seconds for polls, seconds in _SPACING if count < polls)
    if judgement.key == "unknown":
        every = max(every, _SILENT_S)
    return Panel(snapshot, judgement, "pause" in request.GET, count + 1, every)


def _judged(snapshot: Snapshot | None) -> Judgement:
    """Judge a look; one that is too old to vouch for is never green."""
    judgement = judge(snapshot)
    if snapshot is None or timezone.now() - snapshot.taken_at <= _OLD:
        return judgement
    return Judgement(
        "unknown",
        "Unknown",
        "idle",
        "circle-dashed",
        f"Qdrant was last asked some time ago; it was {judgement.word} then.",
        snapshot.unknown_since or snapshot.taken_at,
    )
