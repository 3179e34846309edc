"""The outcome for each namespace of a change, as badges, counts and links."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from nsadmin.bulk.models import BulkChange, BulkItem, State
from nsadmin.pages.common.badges import UNKNOWN, Badge
from nsadmin.pages.common.done import audit_address
from nsadmin.pages.templatetags.formatting import grouped

# In the order in which they are counted.
STATES: Mapping[str, Badge] = {
    State.DONE: Badge("ok", "circle-check-fill", "Done"),
    State.STARTED: Badge("run", "loader-2", "Job started"),
    State.ACCEPTED: Badge("run", "loader-2", "Accepted, Qdrant catching up"),
    State.RUNNING: Badge("run", "loader-2", "In progress", turns=True),
    State.PLANNED: Badge("idle", "clock", "Not begun"),
    State.WAITING: Badge("warn", "hourglass", "Waits for a second person"),
    State.FAILED: Badge("bad", "circle-x-fill", "Not done"),
    State.BLOCKED: Badge("warn", "ban", "Not possible"),
    State.UNCHANGED: Badge("idle", "circle-minus", "Nothing to change"),
    State.LEFT_OUT: Badge("idle", "circle-minus", "Left out"),
}
_WORDS: Mapping[str, str] = {State.WAITING: "waiting for a second person"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One namespace with its badge and its addresses; an address may be empty.

    `copied` is the whole address of a plan that waits for a second person.
    """

    row: BulkItem
    badge: Badge
    address: str
    plan: str
    audit: str
    copied: str

    @property
    def name(self) -> str:
        """The name as people know it; the id of a namespace that has none."""
        return self.row.namespace_name or self.row.namespace_id


def outcomes_of(
    request: HttpRequest, change: BulkChange, rows: Iterable[BulkItem]
) -> list[Outcome]:
    """Return the outcomes in the order in which the namespaces were chosen."""
    ends = change.asked["kind"] == "delete"
    return [_outcome(request, row, ends=ends) for row in rows]


def _outcome(request: HttpRequest, row: BulkItem, *, ends: bool) -> Outcome:
    own_id = row.namespace_id
    is_deleted = ends and row.state == State.DONE
    plan = reverse("plan", args=[own_id, row.plan_id]) if row.plan_id else ""
    waits = row.state == State.WAITING
    page = "tombstone" if is_deleted else "overview"
    # What has no name is no namespace that the person sees; its id may be anything.
    address = reverse(page, args=[own_id]) if row.namespace_name else ""
    return Outcome(
        row=row,
        badge=STATES.get(row.state, UNKNOWN),
        address=address,
        # The pages of a deleted namespace, that of its plan among them, are gone.
        plan="" if is_deleted else plan,
        audit=_audit(row, is_deleted=is_deleted),
        copied=request.build_absolute_uri(plan) if waits and plan else "",
    )


def _audit(row: BulkItem, *, is_deleted: bool) -> str:
    if not row.op_id:
        return ""
    if is_deleted:
        return f"{reverse('organization_audit')}?text={row.op_id}#{row.op_id}"
    return audit_address(row.namespace_id, row.op_id)


def counted(rows: Iterable[BulkItem]) -> str:
    """Return how many namespaces are in which state, such as `3 done, 1 not done`."""
    counts = Counter(row.state for row in rows)
    return ", ".join(
        f"{grouped(counts[state])} {_WORDS.get(state, _lower(badge.word))}"
        for state, badge in STATES.items()
        if counts[state]
    )


def _lower(word: str) -> str:
    return f"{word[0].lower()}{word[1:]}"
