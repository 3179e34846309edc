"""Index advice of a namespace, and the indexes that created themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from nsadmin.access import gate
from nsadmin.access.permissions import Action
from nsadmin.advice import auto, dismiss, look
from nsadmin.advice.advise import AUTO_THRESHOLD, CLAIM, Advice
from nsadmin.advice.look import Advised
from nsadmin.advice.serving import Serving
from nsadmin.advice.usage import FieldUsage
from nsadmin.errors import Unavailable
from nsadmin.jobs import timetable
from nsadmin.namespaces import queries
from nsadmin.namespaces.queries import NamespaceView
from nsadmin.pages import curl
from nsadmin.pages.forms.advice import AdviceForm, tick_of
from nsadmin.pages.forms.indexes import wanted_list
from nsadmin.pages.plans import Sheet, decide, show_form
from nsadmin.pages.scope import editable, may

TEMPLATE = "namespaces/advice.html"
_FIELDS_SHOWN = 50
# So much advice is open; the rest is folded, and beyond this it is counted.
_OPEN, _SHOWN = 25, 200


@dataclass(frozen=True, slots=True)
class Used:
    """A filtered field: its uses, the type of its index, its part of the most used.

    `is_served` is false as well where the index is declared, but missing in Qdrant.
    """

    field: FieldUsage
    index_type: str
    is_served: bool
    share: float


@gate.page(Action.NAMESPACE_READ, writes=True)
@require_http_methods(["GET", "HEAD", "POST"])
def advice(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the advice; what is ticked becomes a plan first."""
    actor = gate.actor_of(request)
    if request.method != "POST":
        view = queries.get(actor, namespace_id)
        return show_form(request, _sheet(request, view, AdviceForm()))
    view = editable(actor, namespace_id, Action.NAMESPACE_UPDATE)
    return decide(request, _sheet(request, view, AdviceForm(request.POST)))


@gate.page(Action.NAMESPACE_UPDATE)
@require_POST
def dismissals(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Dismiss one piece of advice with a reason, or show it again."""
    actor = gate.actor_of(request)
    kind, _, field = request.POST.get("which", "").partition("/")
    if "again" in request.POST:
        dismiss.take_back(actor, namespace_id, kind=kind, field=field)
        messages.success(request, f"The advice on {field} is shown again.")
    else:
        reason = request.POST.get("reason", "")
        dismiss.dismiss(actor, namespace_id, kind=kind, field=field, reason=reason)
        messages.success(request, f"The advice on {field} is dismissed.")
    return redirect("advice", namespace_id)


def _sheet(request: HttpRequest, view: NamespaceView, form: AdviceForm) -> Sheet:
    return Sheet(
        view,
        form,
        lambda now: form.patch(now.namespace),
        TEMPLATE,
        _context(request, view),
    )


def _context(request: HttpRequest, view: NamespaceView) -> dict[str, Any]:
    found: Advised | None = None
    silence = ""
    try:
        found = look.advised(view.namespace)
    except Unavailable as failure:
        silence = failure.sentence
    used = found.evidence.week if found else []
    return {
        "found": found,
        **_listed(found.advice if found else []),
        "silence": silence,
        "used": _used(found) if found else [],
        "used_count": len(used),
        "filters": sum(field.count_24h for field in used),
        "served": _served(used, found.serving) if found else None,
        "gain": _typical_gain(found),
        "muted": view.namespace.raw.get("muted_auto_indexes") or [],
        "next_run": timetable.next_run(auto.SCHEDULE, timezone.now()),
        "threshold": AUTO_THRESHOLD,
        "claim": CLAIM.rstrip("%").replace("-", " to "),
        "curl": curl.of_body(
            request,
            view.namespace.namespace_id,
            {"payload_indexes": wanted_list(view.namespace)},
        ),
        "may_change": may(gate.actor_of(request), Action.NAMESPACE_UPDATE, view),
    }


def _listed(advice: Sequence[Advice]) -> dict[str, Any]:
    ticked = [(item, tick_of(item)) for item in advice[:_SHOWN]]
    return {
        "advice": ticked[:_OPEN],
        "folded": ticked[_OPEN:],
        "beyond": max(0, len(advice) - _SHOWN),
        "max_shown": f":{_SHOWN}",
        "max_sampled": look.MAX_SAMPLED,
    }


def _used(found: Advised) -> list[Used]:
    week = found.evidence.week
    most = max((field.count_7d for field in week), default=1)
    return [
        Used(
            field,
            found.serving.declared.get(field.field_name, ""),
            found.serving.serves(field.field_name),
            100 * field.count_7d / most,
        )
        for field in week[:_FIELDS_SHOWN]
    ]


def _served(used: Sequence[FieldUsage], indexes: Serving) -> float | None:
    """Return which part of the last day's filters had an index, in percent."""
    total = sum(field.count_24h for field in used)
    there = sum(field.count_24h for field in used if indexes.serves(field.field_name))
    return 100 * there / total if total else None


def _typical_gain(found: Advised | None) -> float | None:
    """Return the median of the measured gains, in percent."""
    gains = (
        [row.gain for row in found.automatic if row.gain is not None] if found else []
    )
    return median(gains) if gains else None
