"""After a change: back to the page it was made on, with a message that names it."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirectBase
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from nsadmin.access.web.gate import actor_of
from nsadmin.namespaces.change.commit import Outcome
from nsadmin.namespaces.plan.revert import Revert, what_stays
from nsadmin.pages.common import change_titles
from nsadmin.pages.common.page_context import may


class SeeOther(HttpResponseRedirectBase):
    """The answer to a POST whose result is another page."""

    status_code = 303


def say_done(
    request: HttpRequest,
    outcome: Outcome,
    *,
    page: str,
    title: str = "",
    can_undo: bool = True,
) -> None:
    """Add the message of a change: what was done, its audit row, and Undo.

    `page` is the name of the page that shows the message and to which Undo returns.
    `title` names the change, by default by its steps. Undo is offered where the steps
    have an inverse that the actor may carry out.
    """
    if outcome.plan.is_empty:
        messages.info(request, "Nothing to change. Everything is already as requested.")
        return
    if outcome.task_id:
        messages.success(
            request,
            "The move has started. Nothing changes for searches until the switch.",
        )
        return
    steps = (step.public_json() for step in outcome.plan.steps)
    done = title or change_titles.title(steps)
    revision = outcome.view.namespace.revision
    can_undo = can_undo and _is_reversible(request, outcome)
    stays = " ".join(what_stays(outcome.plan.steps))
    undo = _undo(request, outcome, page) if can_undo else ""
    links = _links(outcome, undo, stays=stays)
    if outcome.converged:
        proof = "; verified in Qdrant" * outcome.plan.needs_qdrant
        messages.success(
            request, format_html("{}. Revision {}{}. {}", done, revision, proof, links)
        )
        return
    reason = f" Qdrant reported: {outcome.error}" if outcome.error else ""
    messages.warning(
        request,
        format_html(
            "{}. Revision {} accepted. Qdrant has not applied all of it yet; the rest "
            "is retried until it is done.{} {}",
            done,
            revision,
            reason,
            links,
        ),
    )


def back_to(outcome: Outcome, page: str) -> HttpResponse:
    """Redirect to the page of the namespace that made the plan, or to the job's."""
    if outcome.task_id:
        return redirect("job", outcome.task_id)
    return SeeOther(page_address(outcome.view.namespace.namespace_id, page))


def page_address(namespace_id: str, page: str) -> str:
    """Return the address of a page of the namespace; of its overview if unknown."""
    try:
        return reverse(page or "overview", args=[namespace_id])
    except NoReverseMatch:
        return reverse("overview", args=[namespace_id])


def audit_address(namespace_id: str, op_id: str) -> str:
    """Return the address of an operation's row in the audit log."""
    query = urlencode({"text": op_id})
    return f"{reverse('audit', args=[namespace_id])}?{query}#{op_id}"


def _is_reversible(request: HttpRequest, outcome: Outcome) -> bool:
    steps = outcome.plan.steps
    if not any(step.is_reversible for step in steps):
        return False
    return may(actor_of(request), Revert(outcome.op_id, steps).action, outcome.view)


def _links(outcome: Outcome, undo: str, *, stays: str) -> SafeString:
    """Return the link to the audit row and what undoes the change, if anything does.

    `stays` are the sentences of what Undo leaves, which stand before the links.
    """
    audit = audit_address(outcome.view.namespace.namespace_id, outcome.op_id)
    said = f"{stays} " if stays else ""
    row = format_html('{}<a href="{}">In the audit log</a>', said, audit)
    return format_html("{} · {}", row, undo) if undo else row


def _undo(request: HttpRequest, outcome: Outcome, page: str) -> SafeString:
    """Return the button that plans the revert; a link could be followed unasked."""
    own_id = outcome.view.namespace.namespace_id
    return format_html(
        '<form class="inline" method="post" action="{}?back={}"><input type="hidden" '
        'name="csrfmiddlewaretoken" value="{}"><button class="as-link" type="submit">'
        "Undo</button></form>",
        reverse("revert", args=[own_id, outcome.op_id]),
        page,
        get_token(request),
    )
