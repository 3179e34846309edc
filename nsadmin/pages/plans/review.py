"""The open plan on its page: its steps as they are now, warnings, conflicts, calls."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.clones.preview import ClonePreview
from nsadmin.errors import NsadminError
from nsadmin.namespaces.change.commit import Preview
from nsadmin.namespaces.change.planning import as_request
from nsadmin.namespaces.plan.plan import added_vectors
from nsadmin.namespaces.plan.revert import Revert
from nsadmin.namespaces.read.reprocessing import to_reprocess
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.forms.base import ChangeForm, EditConflict
from nsadmin.pages.common.move_note import PAUSE, move_plan
from nsadmin.pages.common.page_context import change_page, namespace_scope
from nsadmin.pages.plans import clone_review, contests, head, presenter
from nsadmin.pages.plans.busy import busy_note
from nsadmin.pages.templatetags.formatting import many, roughly
from nsadmin.plans import approvals, rates
from nsadmin.plans.calls import Call, calls_of
from nsadmin.plans.copying import CloneChange, CloneReview
from nsadmin.plans.endings import Deletion
from nsadmin.plans.models import SavedPlan
from nsadmin.plans.requests import Unpatched, Wanted
from nsadmin.plans.shown import tick_of


@dataclass(frozen=True, slots=True)
class Review:
    """An open plan as it is shown: what it asks for now and the plan of that.

    `contests` are the conflicts of a plan without a form of its own. `before` are the
    keys of the steps that were shown last. It `has_moved` if the steps are others by
    now; it `is_incomplete` after a confirmation without a needed consent;
    `error` is why it was refused.
    """

    saved: SavedPlan
    wanted: Wanted
    preview: Preview
    form: ChangeForm | None
    before: tuple[str, ...]
    contests: tuple[EditConflict, ...] = ()
    has_moved: bool = False
    is_incomplete: bool = False
    error: NsadminError | None = None

    @property
    def action(self) -> Action:
        """The permission that the change needs."""
        if isinstance(self.wanted, Unpatched):
            return self.wanted.action
        return as_request(self.wanted).action

    @property
    def password_reason(self) -> str:
        """What the password protects, as a sentence; empty if it is not asked for."""
        if isinstance(self.wanted, Deletion):
            return "This deletes a namespace with everything in it."
        if self.action is Action.NAMESPACE_CLONE_ACROSS:
            return "This copies data to another organization."
        if isinstance(self.wanted, CloneChange) and self.wanted.is_placed:
            return "This copies data to a cluster that was entered in the form."
        if self.action is not Action.NAMESPACE_INFRASTRUCTURE:
            return ""
        if self.preview.moves_points:
            return "This moves the data of a namespace to another cluster."
        return "This changes the tier or the infrastructure of a namespace."

    @property
    def conflicts(self) -> list[EditConflict]:
        """The values that another person changed too."""
        if self.form is None:
            return list(self.contests)
        return [*self.form.contested(self.preview.view.namespace), *self.contests]

    @property
    def gives_up(self) -> bool:
        """Whether another person's change of any value was chosen."""
        if self.form is not None and self.form.gives_up:
            return True
        return any(conflict.gives_way for conflict in self.contests)


def show(request: HttpRequest, review: Review, *, status: int = 200) -> HttpResponse:
    """Return the page of the review."""
    view = review.preview.view
    second = approvals.needed(
        actor_of(request), review.saved, review.wanted, review.preview
    )
    waits = second is not None and not second.is_actor
    context = {
        **namespace_scope(view),
        **head.context(
            request,
            review.saved,
            view,
            has_moved=review.has_moved,
            obstacle=head.obstacle_of(review.preview, waits=waits, error=review.error),
        ),
        **_plan_context(review),
        "warnings": _warnings(request, review),
        "ticks_missing": review.is_incomplete,
        "error": review.error,
        **_changes_of_others(request, review),
        "busy": busy_note(actor_of(request), view.namespace),
        "stays": review.wanted.stays if isinstance(review.wanted, Revert) else [],
        "second": second,
        "waits": waits,
        "has_form": review.form is not None,
        "calls": api_examples.of_plan(request, review.wanted, review.preview.plan),
        "store_calls": _store_calls(review),
    }
    template, clone = "namespaces/plan.html", clone_of(review.preview)
    if clone is not None:
        template = clone_review.TEMPLATE
        context |= clone_review.context(
            request, clone, moved=review.has_moved, is_incomplete=review.is_incomplete
        )
    return change_page(request, template, context, status=status)


def clone_of(preview: Preview) -> ClonePreview | None:
    """Return what a plan says of the clone that it makes; None for other plans."""
    return preview.clone if isinstance(preview, CloneReview) else None


def _warnings(request: HttpRequest, review: Review) -> list[tuple[Any, str, bool]]:
    """Return each warning with its tick, and whether that was given."""
    has_other_steps = review.has_moved and not review.is_incomplete
    given = set() if has_other_steps else set(request.POST.getlist("tick"))
    ticks = [(w, tick_of(w.sentence)) for w in review.preview.plan.warnings]
    return [(warning, tick, tick in given) for warning, tick in ticks]


def _plan_context(review: Review) -> dict[str, Any]:
    """Return the context of the plan itself: steps, effects, checks."""
    preview, moved = review.preview, review.has_moved
    plan, view = preview.plan, preview.view
    before = list(review.before) if moved else []
    adds_vectors = bool(added_vectors(plan.steps))
    return {
        "plan": plan,
        "deletes": presenter.deletes(plan),
        "steps": presenter.steps(plan, before),
        "gone": presenter.removed_fields(plan, before),
        "adds_vectors": adds_vectors,
        "collections": to_reprocess(view) if adds_vectors else None,
        "summary": presenter.summary(plan),
        "effects": [
            *presenter.effects(
                plan,
                view.namespace,
                preview.actual,
                moves_points=preview.moves_points,
                is_back=preview.is_back,
                is_blocked=preview.is_blocked,
            ),
            *_time(preview),
        ],
        "qdrant_silent": preview.qdrant_silent,
        "checks": preview.checks,
        **move_plan(preview),
        "pauses": _pauses(review),
        "is_blocked": preview.is_blocked,
        "moved": moved,
        "action": reverse(
            "plan", args=[review.saved.namespace_id, review.saved.plan_id]
        ),
        "tab": "",
    }


def _store_calls(review: Review) -> list[Call]:
    """Return the exact calls, where the steps say all that is written."""
    if isinstance(review.wanted, Unpatched):
        return []
    return calls_of(review.preview.plan, review.preview.view.namespace)


def _time(preview: Preview) -> list[tuple[str, str]]:
    """Return the expected time of the index builds; nothing for a plan without any."""
    expected = rates.expected(preview)
    if expected is None:
        return []
    if expected.seconds is None:
        return [("Expected time", "Not known: no index build has been measured yet")]
    builds = many(expected.measured, "earlier build")
    time = roughly(expected.seconds).capitalize()
    return [("Expected time", f"{time}, from {builds}")]


def _pauses(review: Review) -> bool:
    form = review.form
    if form is not None and PAUSE in form.fields:
        return bool(form[PAUSE].value())
    return bool(getattr(review.wanted, PAUSE, False))


def _changes_of_others(request: HttpRequest, review: Review) -> dict[str, Any]:
    """Return what others changed since the plan was made, and the conflicts."""
    conflicts = review.conflicts
    view = review.preview.view
    made_from = review.saved.request.get("made_from")
    has_others = review.has_moved or bool(conflicts) or made_from is not None
    events = contests.latest(request, view) if has_others else []
    told = contests.since(events, review.saved) if review.has_moved else []
    return {
        "changes": told,
        "people": {one.event.actor_label for one in told},
        "contested": contests.with_authors(conflicts, events),
        "opened_when": _opened_when(review),
        "made_from": made_from,
        "since_made": (
            contests.since_revision(events, made_from) if made_from is not None else []
        ),
    }


def _opened_when(review: Review) -> str:
    if not review.contests:
        return "When you opened the form"
    made_from = review.saved.request.get("made_from")
    if made_from is not None:
        return f"At revision {made_from:,}, from which the file was made"
    return "When the plan was made"


def ticks_of(request: HttpRequest, preview: Preview) -> set[str]:
    """Return the consents that were sent."""
    clone = clone_of(preview)
    if clone is not None:
        return clone_review.ticks_of(request, clone.losses)
    return set(request.POST.getlist("tick"))


def keys_of(shown: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """Return the keys of kept steps."""
    return tuple(str(step.get("key", "")) for step in shown)
