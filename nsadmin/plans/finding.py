"""Finding kept plans: one by its id, the open ones, those that wait for a person."""

from collections.abc import Iterable

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.access.permissions import Action
from nsadmin.audit.models import WRITTEN, AuditEvent
from nsadmin.errors import NotFound
from nsadmin.namespaces.lifecycle import tombstones
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.plans import copying, creating
from nsadmin.plans.approvals import ACTIONS
from nsadmin.plans.models import SavedPlan

RESOURCE = "plan"
# What was sent, and other long values that lists do not show.
_LONG = ("form", "request", "sealed")


def find(
    actor: Actor,
    identifier: str,
    plan_id: str,
    *,
    organization_id: str | None = None,
) -> SavedPlan:
    """Return a plan of a namespace that the actor may see; raise NotFound otherwise."""
    view = queries.get(actor, identifier, organization_id=organization_id)
    own_id = view.namespace.namespace_id
    rows = SavedPlan.objects.filter(
        namespace_id=own_id, internal_id=view.namespace.internal_id
    )
    saved = _settled(rows.filter(plan_id=plan_id[:32]).first())
    # A system namespace is everyone's source; its clones are not.
    if saved.kind == copying.KIND and not actor.sees_organization(
        saved.organization_id
    ):
        raise _no_plan()
    return saved


def find_new(actor: Actor, plan_id: str) -> SavedPlan:
    """Return the plan of a new namespace; raise NotFound for another organization's."""
    rows = SavedPlan.objects.filter(request__kind=creating.KIND)
    saved = _settled(rows.filter(plan_id=plan_id[:32]).first())
    if not actor.sees_organization(saved.organization_id):
        raise _no_plan()
    return saved


def find_in_organization(actor: Actor, plan_id: str) -> SavedPlan:
    """Return a plan of any kind of an organization that the actor sees."""
    saved = _settled(SavedPlan.objects.filter(plan_id=plan_id[:32]).first())
    if not actor.sees_organization(saved.organization_id):
        raise _no_plan()
    return saved


def find_of_deleted(
    actor: Actor, namespace_id: str, plan_id: str
) -> tuple[SavedPlan, NamespaceView | None]:
    """Return a confirmed plan of a deleted namespace, and its tombstone.

    The tombstone is None once the namespace is deleted for good, and for an actor who
    may not see tombstones. Raises NotFound unless the actor sees the organization.
    """
    rows = SavedPlan.objects.filter(namespace_id=namespace_id, plan_id=plan_id[:32])
    saved = _settled(rows.first())
    may_read = saved.is_confirmed and actor.may(Action.AUDIT_READ)
    if not may_read or not actor.sees_organization(saved.organization_id):
        raise _no_plan()
    if not actor.may(Action.TOMBSTONE_READ):
        return saved, None
    try:
        return saved, tombstones.get(actor, namespace_id)
    except NotFound:
        return saved, None


def _no_plan() -> NotFound:
    return NotFound(
        "There is no such plan. It may have been discarded or have expired.",
        details={"resource": RESOURCE},
    )


def _settled(saved: SavedPlan | None) -> SavedPlan:
    """Note a confirmation whose process died before it could be written here."""
    if saved is None:
        raise _no_plan()
    if not saved.op_id or saved.is_confirmed:
        return saved
    events = AuditEvent.objects.filter(op_id=saved.op_id, outcome__in=WRITTEN)
    event = events.first()
    if event is not None:
        saved.confirmed_by_kind, saved.confirmed_by_id = (
            event.actor_kind,
            event.actor_id,
        )
        saved.confirmed_by_label, saved.confirmed_at = event.actor_label, event.at
        saved.sealed, saved.form = None, None
        saved.save()
    return saved


def of_operations(op_ids: list[str]) -> dict[str, SavedPlan]:
    """Return {operation id: the plan that it carried out}, without what was sent."""
    rows = SavedPlan.objects.filter(op_id__in=op_ids, confirmed_at__isnull=False)
    return {row.op_id: row for row in rows.defer(*_LONG, "shown")}


def open_of(actor: Actor, view: NamespaceView) -> QuerySet[SavedPlan]:
    """Return the open plans of a namespace that the actor may see, newest first.

    Of a system namespace these are the plans of organizations that the actor sees.
    """
    namespace = view.namespace
    rows = _open().filter(
        namespace_id=namespace.namespace_id, internal_id=namespace.internal_id
    )
    visible = actor.visible_organization_ids
    return rows if visible is None else rows.filter(organization_id__in=visible)


def open_in(organization_id: str) -> QuerySet[SavedPlan]:
    """Return the open plans of an organization, newest first."""
    return _open().filter(organization_id=organization_id)


def _open() -> QuerySet[SavedPlan]:
    rows = SavedPlan.objects.filter(confirmed_at=None, expires_at__gt=Now())
    return rows.defer("form", "sealed")


def still_open(plan_id: str) -> SavedPlan | None:
    """Return a plan that is open; None for any other."""
    saved = SavedPlan.objects.filter(plan_id=plan_id).first()
    return saved if saved is not None and saved.is_open else None


def present_names(
    actor: Actor, plans: Iterable[SavedPlan]
) -> dict[str, tuple[str, int]]:
    """Return by its id the name and revision that each plan's namespace has now."""
    ids = {saved.namespace_id for saved in plans}
    known = queries.visible(actor).filter(namespace_id__in=ids)
    rows = known.values_list("namespace_id", "name", "revision")
    return {own_id: (name, revision) for own_id, name, revision in rows}


def guarded(organization_id: str, person_id: str) -> QuerySet[SavedPlan]:
    """Return the open plans that need another person than their maker.

    Those that the person made are left out.
    """
    rows = open_in(organization_id).exclude(guard="")
    return rows.exclude(made_by_person=person_id)


def waiting(actor: Actor, organization_id: str) -> list[SavedPlan]:
    """Return the open plans that wait for a second person whom the actor may be.

    Staff who look at a customer by a session are not asked.
    """
    if actor.kind != "user" or organization_id != actor.organization_id:
        return []
    owner = Organization.objects.filter(internal_id=OuterRef("internal_id"))
    rows = guarded(organization_id, actor.id).annotate(
        required=Subquery(owner.values("second_person")[:1])
    )
    return [row for row in rows if _may_confirm(actor, row)]


def _may_confirm(actor: Actor, saved: SavedPlan) -> bool:
    required: Iterable[str] = getattr(saved, "required", None) or ()
    allowed = [change for change in ACTIONS if actor.may(ACTIONS[change])]
    return saved.guard in required and saved.guard in allowed
