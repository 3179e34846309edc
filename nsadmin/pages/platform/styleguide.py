"""The style guide: every component that pages may use, with its words."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.pages.common.badges import (
    CANCELLING,
    HEALTH,
    JOBS,
    OUTCOMES,
    STAGES,
    TIERS,
)
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.paging import Paging
from nsadmin.pages.jobs.headline import LOST
from nsadmin.pages.namespace.forms.indexes import IndexesForm
from nsadmin.pages.namespace.forms.settings import SettingsForm

_SENTENCES = {
    "ready": "Every operation is applied and no optimization is due.",
    "optimising": "New points are being indexed; some searches may be slower.",
    "waiting": "Optimizations are due; the next write starts them.",
    "error": "An operation failed; Qdrant's message follows.",
    "unknown": "Qdrant does not answer; the last known values are gray.",
    "cloning": "The clone is ready only after its verification.",
    "failed": "The copied data stays until the clone is resumed or discarded.",
    "deleting": "Everything in it is removed for good.",
}


@gate.page(Action.STYLEGUIDE_READ)
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component."""
    faulty = SettingsForm({"namespace_name": "", "description": "Kept as typed"})
    faulty.is_valid()
    context = {
        "health": [(state, _SENTENCES[key]) for key, state in HEALTH.items()],
        "job_states": [*JOBS.values(), CANCELLING, LOST],
        "stage_states": STAGES.values(),
        "outcomes": OUTCOMES.values(),
        "tiers": TIERS.values(),
        "faulty": faulty,
        "index_form": IndexesForm(),
        "shares": [100, 82.3, 12.3, 0.04],
        "cuts": [9, 29, 99, 799, 819, 919],
        "paging": Paging(25, 25, 61),
    }
    return page(request, "styleguide.html", context)
