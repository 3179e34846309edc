"""The list of an organization's jobs, the header's badge, and seen notices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.jobs import notices, places, queries
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import kinds
from nsadmin.namespaces.read import lookups
from nsadmin.pages.common.badges import JOBS, Badge, kind_word
from nsadmin.pages.common.context_processors import frame_of
from nsadmin.pages.common.htmx import page, wants_fragment
from nsadmin.pages.common.page_context import current_organization
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.jobs.headline import badge_of, place_text

_MINE = "me"
_ALL = "all"
# A person dismisses what one page shows.
_MOST_DISMISSED = 50


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job of the list; `place` is the sentence about its place in the queue.

    It `has_namespace` unless the namespace is gone, or not for the reader to see.
    """

    job: Job
    state: Badge
    place: str
    is_new: bool
    has_namespace: bool


@dataclass(frozen=True, slots=True)
class JobFacet:
    """A state or a kind with its number of jobs."""

    key: str
    value: str
    label: str
    count: int
    is_current: bool
    state: Badge | None = None
    is_least: bool = False


@gate.page(Action.JOB_READ)
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """List the organization's jobs, newest first; those that are listed are seen."""
    actor, offset = gate.actor_of(request), offset_of(request)
    organization_id = current_organization(request).organization_id
    chosen = _filters(request)
    started_by = actor.id if chosen["by"] else ""
    found = queries.listing(
        actor,
        organization_id,
        states=[chosen["state"]] if chosen["state"] else [],
        of_kinds=[chosen["kind"]] if chosen["kind"] else [],
        search=chosen["search"],
        started_by=started_by,
        limit=PER_PAGE,
        offset=offset,
    )
    counts = queries.counts_by_state_and_kind(
        actor, organization_id, search=chosen["search"], started_by=started_by
    )
    unseen = {job.pk for job in found.rows if notices.is_unseen(actor, job)}
    context = {
        **chosen,
        "rows": _rows(actor, found.rows, unseen),
        "shown_ends": list(unseen),
        "states": _state_facets(counts, chosen),
        "kinds": _kind_facets(counts, chosen),
        "chosen": sum(bool(chosen[key]) for key in ("state", "kind", "by")),
        "is_bare": not counts
        and not queries.listing(actor, organization_id, limit=1).total,
        "is_live": any(job.is_live for job in found.rows),
        "paging": Paging(offset, len(found.rows), found.total),
    }
    if not wants_fragment(request):
        notices.mark_seen(actor, found.rows)
    return page(request, "jobs/list.html", context, fragment="rows")


def _rows(actor: Actor, found: list[Job], unseen: set[UUID]) -> list[JobRow]:
    place_of = places.of(found)
    present = lookups.columns(actor, {job.namespace_id for job in found}, ())
    return [
        JobRow(
            job=job,
            state=badge_of(job),
            place=place_text(place_of.get(job.job_id)),
            is_new=job.pk in unseen,
            has_namespace=job.namespace_id in present,
        )
        for job in found
    ]


def _filters(request: HttpRequest) -> dict[str, str]:
    """Return the filters of the address; unknown values are empty."""
    state, kind = request.GET.get("state", ""), request.GET.get("kind", "")
    return {
        "state": state if state in State.values else "",
        "kind": kind if kind in kinds() else "",
        "by": _MINE if request.GET.get("by") == _MINE else "",
        "search": request.GET.get("search", "").strip().replace("\x00", "")[:200],
    }


def _state_facets(
    counts: Mapping[tuple[str, str], int], chosen: Mapping[str, str]
) -> list[JobFacet]:
    """Return the states, each counted among the jobs of the chosen kind."""
    return [
        JobFacet(
            key="state",
            value=value,
            label=badge.word,
            count=_sum(
                n
                for (state, kind), n in counts.items()
                if state == value and chosen["kind"] in ("", kind)
            ),
            is_current=chosen["state"] == value,
            state=badge,
        )
        for value, badge in JOBS.items()
    ]


def _kind_facets(
    counts: Mapping[tuple[str, str], int], chosen: Mapping[str, str]
) -> list[JobFacet]:
    """Return the kinds, each counted among the jobs of the chosen state."""
    return [
        JobFacet(
            key="kind",
            value=value,
            label=kind_word(value),
            count=_sum(
                n
                for (state, kind), n in counts.items()
                if kind == value and chosen["state"] in ("", state)
            ),
            is_current=chosen["kind"] == value,
        )
        for value in kinds()
    ]


def _sum(numbers: Iterable[int]) -> int:
    return sum(numbers)


@gate.page(Action.JOB_READ)
@require_safe
def badge(request: HttpRequest) -> HttpResponse:
    """Return the header's badge, and the notices if they are not those shown."""
    parts = [_part(request, "jobs_badge")]
    if request.GET.get("shown", "") != frame_of(request).job_notices.key:
        parts.append(_part(request, "job_notices", beside=True))
    return HttpResponse("".join(parts))


@gate.page(Action.JOB_READ, writes=False)  # what was seen is the person's own
@post_only
def seen(request: HttpRequest) -> HttpResponse:
    """Take away notices of one's own ended jobs: one, or all."""
    actor = gate.actor_of(request)
    organization_id = current_organization(request).organization_id
    sent = request.POST.getlist("job_id")[:_MOST_DISMISSED]
    if _ALL in sent:
        notices.dismiss_all(actor, organization_id)
    else:
        notices.dismiss(actor, organization_id, [own for own in map(_id, sent) if own])
    if wants_fragment(request):
        shown = _part(request, "job_notices")
        return HttpResponse(shown + _part(request, "jobs_badge", beside=True))
    return redirect(_back(request))


def _part(request: HttpRequest, name: str, *, beside: bool = False) -> str:
    context = {"beside": beside}
    return render_to_string(f"components/{name}.html", context, request)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _back(request: HttpRequest) -> str:
    """Return the page on which the notice stood if it is on this site."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else "jobs"
