"""Keeping plans, making them again, and confirming them."""

from dataclasses import replace
from typing import Literal

from django.http import QueryDict
from django.utils import timezone
from pydantic import SecretStr

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.audit.record import new_op_id
from nsadmin.errors import Conflict, Forbidden, Invalid, NsadminError
from nsadmin.names import clip
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.change.commit import Outcome, Preview
from nsadmin.namespaces.plan import merge
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.plans import approvals, forms, rates, requests
from nsadmin.plans.creating import CreationChange
from nsadmin.plans.forms import Input, Reading, SentForm
from nsadmin.plans.models import SavedPlan
from nsadmin.plans.requests import Unpatched, Wanted
from nsadmin.plans.secret import sealed_for, secret_of
from nsadmin.plans.shown import as_shown, needed_ticks

# A namespace keeps at most this many plans that are not confirmed.
MOST_OPEN = 200


def keep(
    actor: Actor,
    namespace_id: str,
    request: Wanted,
    *,
    source: Literal["form", "api", "yaml", "bulk"],
    form: QueryDict | None = None,
    page: str = "",
    organization_id: str | None = None,
) -> SavedPlan:
    """Make the plan of a request and keep it for some days; raises like a preview."""
    view = queries.get_stored(actor, namespace_id, organization_id=organization_id)
    shown = plan_now(actor, view.namespace.namespace_id, request)
    return keep_shown(actor, shown, request, source=source, form=form, page=page)


def keep_shown(
    actor: Actor,
    shown: Preview,
    request: Wanted,
    *,
    source: Literal["form", "api", "yaml", "bulk"],
    form: QueryDict | None = None,
    page: str = "",
) -> SavedPlan:
    """Keep a plan that was just made of the request."""
    namespace = shown.view.namespace
    data, secret = requests.written(request, namespace)
    saved = SavedPlan(
        namespace_id=namespace.namespace_id,
        namespace_name=clip(namespace.name, 128),
        organization_id=requests.organization_of(request, shown.view),
        internal_id=namespace.internal_id,
        source=source,
        page=page,
        form=None if form is None else forms.kept_input(form),
        request=data,
        revision=shown.plan.revision,
        digest=shown.plan.digest,
        shown=as_shown(shown.plan),
        amount=rates.amount(shown),
        guard=approvals.guard(actor, request, shown) or "",
        made_by_kind=actor.kind,
        made_by_id=actor.id,
        made_by_label=clip(actor.label, 254),
        made_by_person=actor.person,
    )
    if (same := _same_plan(saved, secret)) is not None:
        return same
    saved.sealed = sealed_for(saved, secret)
    saved.save(force_insert=True)
    _drop_surplus(namespace.namespace_id)
    return saved


def _same_plan(saved: SavedPlan, secret: SecretStr | None) -> SavedPlan | None:
    """Return the open plan that the same actor made last, if it is the same."""
    if secret is not None:
        return None
    last = SavedPlan.objects.filter(
        namespace_id=saved.namespace_id,
        made_by_kind=saved.made_by_kind,
        made_by_id=saved.made_by_id,
        confirmed_at=None,
        expires_at__gt=timezone.now(),
    ).first()
    if last is None or last.sealed is not None:
        return None
    fields = ("source", "page", "form", "request", "revision", "digest", "guard")
    is_same = all(getattr(last, field) == getattr(saved, field) for field in fields)
    return last if is_same else None


def _drop_surplus(namespace_id: str) -> None:
    """Delete the oldest plans of a namespace that are more than it may keep."""
    unconfirmed = SavedPlan.objects.filter(namespace_id=namespace_id, confirmed_at=None)
    surplus = unconfirmed.values_list("pk", flat=True)[MOST_OPEN : 2 * MOST_OPEN]
    if keys := list(surplus):
        SavedPlan.objects.filter(pk__in=keys).delete()


def plan_now(actor: Actor, namespace_id: str, wanted: Wanted) -> Preview:
    """Return the plan of a request as it is now; nothing is written."""
    if isinstance(wanted, Unpatched):
        return wanted.preview(actor, namespace_id)
    return commit.preview(actor, namespace_id, wanted)


def reading(actor: Actor, saved: SavedPlan, answers: Input | None = None) -> Reading:
    """Return the plan's request, with the choices made since it was kept."""
    read = forms.reader_of(saved.page)
    secret = secret_of(saved)
    if read is None or saved.form is None:
        wanted = requests.read(saved.request, secret)
        if not isinstance(wanted, PatchRequest):
            return Reading(wanted)
        view = queries.get_stored(actor, saved.namespace_id)
        return _merged(saved, wanted, view.namespace, answers or {})
    view = queries.get_stored(actor, saved.namespace_id)
    data = forms.as_data(saved.form, answers)
    return read(actor, view, SentForm(data, secret, saved.request))


def _merged(
    saved: SavedPlan, wanted: PatchRequest, namespace: Namespace, answers: Input
) -> Reading:
    """Return a patch as it is asked for now, without what others have changed since."""
    base = saved.request.get("base")
    if base is None:  # kept before plans had it
        if namespace.revision == saved.revision:
            return Reading(wanted)
        raise Conflict(
            "The namespace has changed since this plan was made. Make a new one.",
            code="plan_outdated",
        )
    choices = {k.removeprefix("keep-"): v[-1] for k, v in answers.items() if v}
    theirs = {key for key, choice in choices.items() if choice == "theirs"}
    now = merge.merged(wanted.patch, base, namespace, theirs)
    keys = (contest.key for contest in now.contests)
    undecided = tuple(k for k in keys if choices.get(k) not in ("theirs", "mine"))
    return Reading(replace(wanted, patch=now.patch), undecided, now.contests)


def preview_again(actor: Actor, saved: SavedPlan) -> Preview:
    """Return the plan as it is now; it holds if its digest is that of the kept one.

    Raises like a preview.
    """
    return plan_now(actor, saved.namespace_id, reading(actor, saved).wanted)


def holds(actor: Actor, saved: SavedPlan) -> bool | None:
    """Tell whether an open plan still has the steps that were kept.

    None for a plan that is not open, and if it cannot be made for this actor now.
    """
    if not saved.is_open:
        return None
    try:
        return preview_again(actor, saved).plan.digest == saved.digest
    except NsadminError:
        return None


def confirm(
    actor: Actor,
    saved: SavedPlan,
    *,
    ticks: set[str],
    digest: str | None = None,
    approves: bool = True,
) -> Outcome:
    """Carry out a plan; `ticks` are the hashes of the accepted warnings.

    `approves` says that the actor may be its second person: they saw what they confirm.
    Raises PlanChanged if it is no longer the plan of `digest`, by default the kept one;
    Invalid for a warning that is not accepted; Conflict for a plan that was confirmed
    or has expired, or that has a conflict of edits; and what a commit raises.
    """
    require_open(saved)
    asked = reading(actor, saved)
    if asked.undecided:
        raise merge.conflict_of(
            asked.undecided,
            "the plan was made",
            "Open the plan's page and choose, or make a new plan.",
        )
    shown = plan_now(actor, saved.namespace_id, asked.wanted)
    expected = digest or saved.digest
    shown.plan.require_digest(expected)
    if needed_ticks(shown.plan) - ticks:
        raise Invalid.at("ticks", "Accept each warning.", code="ticks_missing")
    return carry_out(actor, saved, asked.wanted, expected, approves=approves)


def require_open(saved: SavedPlan) -> None:
    """Raise Conflict unless the plan can still be confirmed."""
    if saved.is_confirmed:
        raise Conflict("This plan was confirmed already.", code="plan_confirmed")
    if saved.is_expired:
        raise Conflict("This plan has expired. Make a new one.", code="plan_expired")


def may_discard(actor: Actor, saved: SavedPlan) -> bool:
    """Tell whether the actor may discard a plan: its maker may, and who manages all."""
    is_maker = (saved.made_by_kind, saved.made_by_id) == (actor.kind, actor.id)
    return is_maker or actor.may(Action.ORGANIZATION_MANAGE)


def discard(actor: Actor, saved: SavedPlan) -> None:
    """Delete a plan that is not confirmed; nothing is written to its namespace.

    Raises Conflict for a plan that was confirmed, Forbidden for other people's plans.
    """
    if not may_discard(actor, saved):
        raise Forbidden("Only the maker of a plan and admins can discard it.")
    if saved.is_confirmed:
        raise Conflict("This plan was confirmed already.", code="plan_confirmed")
    SavedPlan.objects.filter(pk=saved.pk, confirmed_at=None).delete()


def carry_out(
    actor: Actor,
    saved: SavedPlan,
    wanted: Wanted,
    digest: str,
    *,
    approves: bool = True,
) -> Outcome:
    """Commit a request that was read from the plan; remember who confirmed it."""
    require_open(saved)
    op_id = wanted.op_id if isinstance(wanted, CreationChange) else new_op_id()
    open_row = SavedPlan.objects.filter(pk=saved.pk, confirmed_at=None)
    open_row.update(op_id=op_id)
    approval = approvals.approval_of(actor, saved) if approves else None
    own_id = saved.namespace_id
    if isinstance(wanted, Unpatched):
        outcome = wanted.carry_out(
            actor, own_id, digest=digest, op_id=op_id, approval=approval
        )
    else:
        outcome = commit.commit(
            actor, own_id, wanted, digest=digest, op_id=op_id, approval=approval
        )
    if outcome.op_id:
        _record(actor, saved, outcome)
    return outcome


def _record(actor: Actor, saved: SavedPlan, outcome: Outcome) -> None:
    saved.op_id, saved.task_id = outcome.op_id, outcome.task_id
    saved.confirmed_by_kind, saved.confirmed_by_id = actor.kind, actor.id
    saved.confirmed_by_label = clip(actor.label, 254)
    saved.confirmed_at = timezone.now()
    saved.digest = outcome.plan.digest
    saved.shown, saved.sealed, saved.form = as_shown(outcome.plan), None, None
    saved.save()
