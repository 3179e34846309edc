"""The rows of the list of namespaces, with the progress of the work on them."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest

from nsadmin.access.web import gate
from nsadmin.clones.stages import POINTS
from nsadmin.jobs import controls
from nsadmin.namespaces.change.moving import KIND as MOVE
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read.readings import ShownStatus, Unused
from nsadmin.pages.common.badges import (
    CLONE_CANCELLED,
    MOVING,
    TIERS,
    Badge,
    health_badge,
)
from nsadmin.pages.common.context_processors import frame_of
from nsadmin.pages.templatetags.formatting import ago, at, exact, roughly

Work = tuple[str, dict[str, Any]]
_AT_WORK = frozenset({"cloning", "deleting"})
_LONGEST_REASON = 90
_LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class ListRow:
    """A namespace as the list shows it.

    `under` stands below its state, `title` is its longer form. `documents` is their
    number, of a clone those that are copied, out of `out_of`. `part` names the cells
    that change while there is work on it; empty without work. `unused` are extractors
    with a vector on no point.
    """

    row: MirroredNamespace
    state: Badge
    tier: str
    under: str
    title: str
    documents: int | None
    out_of: int | None
    part: str
    unused: Unused | None = None


def rows_of(
    request: HttpRequest,
    rows: Sequence[MirroredNamespace],
    statuses: Mapping[str, ShownStatus],
) -> list[ListRow]:
    """Return each row with its badge, its tier and the age of its status.

    Running clones and moves have a percentage. A namespace that moves is shown as
    moving, whatever its health.
    """
    running = _running(request, rows)
    return [
        _shown(row, statuses[row.namespace_id], running.get(row.namespace_id))
        for row in rows
    ]


def _shown(row: MirroredNamespace, shown: ShownStatus, work: Work | None) -> ListRow:
    kind, progress = work or ("", {})
    state = MOVING if kind == MOVE else health_badge(shown.key, row.clone_error)
    is_filling = state is MOVING or row.clone_status == "cloning"
    percent = progress.get("percent")
    if percent is not None and is_filling:
        state = replace(state, word=f"{state.word} {percent} %")
    copied, total = _points(progress) if row.clone_status == "cloning" else (None, None)
    under, title = _under(row, state, shown)
    left = progress.get("left_s")
    if is_filling and left is not None:
        under, title = f"{roughly(left)} left", ""
    is_at_work = bool(kind) or row.status in _AT_WORK
    return ListRow(
        row=row,
        state=state,
        tier=TIERS[_tier(row)][1],
        under=under,
        title=title,
        documents=row.document_count if copied is None else copied,
        out_of=total,
        part=part_of(row.namespace_id) if is_at_work else "",
        unused=shown.unused,
    )


def _points(progress: dict[str, Any]) -> tuple[int | None, int | None]:
    """Return how many points a clone has, and how many it will have, once it copies."""
    for stage in progress.get("stages") or []:
        if stage.get("key") == POINTS and stage.get("total"):
            return stage.get("done"), stage["total"]
    return None, None


def part_of(namespace_id: str) -> str:
    """Return a name for the cells of a namespace; ids may hold any character."""
    return hashlib.sha256(namespace_id.encode(errors="replace")).hexdigest()[:10]


def short_reason(error: str) -> str:
    """Return the first sentence of an error, without the answer that it quotes."""
    plain = re.split(r"[\n{\[<]", error.strip(), maxsplit=1)[0].strip(" :,;(\"'")
    first = re.split(r"(?<=[.!?])\s", plain, maxsplit=1)[0]
    if not first:
        return "See its job."
    if len(first) > _LONGEST_REASON:
        return f"{first[: _LONGEST_REASON - 1].rstrip()}…"
    return first


def _under(row: MirroredNamespace, state: Badge, shown: ShownStatus) -> tuple[str, str]:
    """Return what stands below the state, and its longer form."""
    if row.clone_status == "failed" and row.clone_error and state != CLONE_CANCELLED:
        return short_reason(row.clone_error), row.clone_error[:_LONGEST_TITLE]
    if state.word == "Unknown" and shown.since:
        return f"since {at(shown.since)}", ""
    if shown.as_of:
        return ago(shown.as_of), exact(shown.as_of)
    return "", ""


def _running(
    request: HttpRequest, rows: Sequence[MirroredNamespace]
) -> dict[str, Work]:
    """Return {id: (kind, progress)} of live jobs, which are asked for if there are any.

    The jobs of a sample that the operator clones are not the organization's.
    """
    is_cloning = any(row.clone_status == "cloning" for row in rows)
    if not is_cloning and not any(frame_of(request).live_jobs):
        return {}
    viewer = gate.actor_of(request)
    return controls.live_progress(viewer, [row.namespace_id for row in rows])


def _tier(row: MirroredNamespace) -> str:
    return row.tier if row.tier in TIERS else "shared"
