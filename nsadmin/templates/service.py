"""Templates kept, seen and used: who may, and what becomes of it."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.models import Plan
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require
from nsadmin.audit import record
from nsadmin.errors import Conflict, Forbidden, NotFound
from nsadmin.namespaces.change.commit import Outcome
from nsadmin.namespaces.lifecycle import creation
from nsadmin.namespaces.read import queries
from nsadmin.templates.configuration import configuration_of, namespace_from
from nsadmin.templates.fields import (
    DESCRIPTION_MAX,
    Instantiation,
    NewTemplate,
)
from nsadmin.templates.models import NamespaceTemplate, Scope, new_template_id


def _creator(actor: Actor) -> str:
    return f"{actor.kind}:{actor.id}"[:80]


def visible(actor: Actor) -> QuerySet[NamespaceTemplate]:
    """Return the templates that the actor may know of; staff see all."""
    if actor.is_staff:
        return NamespaceTemplate.objects.all()
    own = Q(scope=Scope.ORGANIZATION) | Q(creator=_creator(actor))
    own &= Q(organization_id=actor.organization_id)
    return NamespaceTemplate.objects.filter(own | Q(scope=Scope.SYSTEM))


def listing(
    actor: Actor, *, category: str | None, scope: str | None, is_active: bool
) -> list[NamespaceTemplate]:
    """Return the templates by name; None does not filter."""
    rows = visible(actor).filter(is_active=is_active)
    if category is not None:
        rows = rows.filter(category=category)
    if scope is not None:
        rows = rows.filter(scope=scope)
    return list(rows)


def usable(actor: Actor) -> QuerySet[NamespaceTemplate]:
    """Return the active templates of the actor's organization and the platform's."""
    own = Q(organization_id=actor.organization_id) | Q(scope=Scope.SYSTEM)
    return visible(actor).filter(own, is_active=True)


def is_usable(actor: Actor, template_id: str) -> bool:
    """Return whether the actor can create a namespace from the template."""
    return usable(actor).filter(template_id=template_id).exists()


def found(
    actor: Actor, organization_id: str, *, search: str = "", scope: str = ""
) -> QuerySet[NamespaceTemplate]:
    """Return an organization's templates and the platform's, inactive ones last."""
    rows = visible(actor).filter(
        Q(organization_id=organization_id) | Q(scope=Scope.SYSTEM)
    )
    if scope:
        rows = rows.filter(scope=scope)
    search = names.composed(search)
    words = Q(name__icontains=search) | Q(description__icontains=search)
    return rows.filter(words).order_by("-is_active", "name", "template_id")


def get(actor: Actor, template_id: str) -> NamespaceTemplate:
    """Return a template; NotFound for a foreign one exactly as for none."""
    found = visible(actor).filter(template_id=template_id).first()
    if found is None:
        raise NotFound(
            "There is no such template.",
            details={"resource": "template", "id": template_id[:200]},
        )
    return found


def get_usable(actor: Actor, template_id: str) -> NamespaceTemplate:
    """Return a template that a namespace can begin with.

    Raises NotFound as `get` does, Conflict for one that is out of use or of another
    organization, which only staff can know of.
    """
    template = get(actor, template_id)
    if not usable(actor).filter(template_id=template_id).exists():
        raise Conflict(
            f"No namespace can begin with {template.name} here: it is out of use, or "
            "another organization's."
        )
    return template


def save(
    actor: Actor, identifier: str, wanted: NewTemplate, *, template_id: str = ""
) -> NamespaceTemplate:
    """Keep a namespace's configuration as a template.

    `template_id` names the act: doing it again gives the template of the first time.
    """
    if wanted.scope == "system":
        require(actor, Action.NAMESPACE_SYSTEM)
    view = queries.get_stored(actor, identifier, action=Action.NAMESPACE_CLONE)
    made = visible(actor).filter(template_id=template_id).first()
    if made is not None:
        return made
    namespace = view.namespace
    described = wanted.description or namespace.description
    described = described or f"The configuration of {namespace.name}."
    template = NamespaceTemplate.objects.create(
        template_id=template_id or new_template_id(),
        scope=wanted.scope or Scope.ORGANIZATION,
        organization_id=actor.organization_id,
        creator=_creator(actor),
        creator_label=actor.label,
        name=wanted.template_name,
        description=described[:DESCRIPTION_MAX],
        category=wanted.category or "",
        tags=wanted.tags or [],
        configuration=configuration_of(namespace),
        source_namespace_id=namespace.namespace_id,
    )
    record.record(
        action="template:create",
        summary=f"Keep the configuration of “{namespace.name}” as “{template.name}”.",
        actor=actor,
        organization_id=actor.organization_id,
        namespace_id=namespace.namespace_id,
        namespace_name=namespace.name,
    )
    return template


def may_switch(actor: Actor, template: NamespaceTemplate) -> bool:
    """Tell whether the actor may take a template out of use: its maker, or an admin."""
    if template.scope == Scope.SYSTEM:
        return actor.may(Action.NAMESPACE_SYSTEM)
    is_maker = template.creator == _creator(actor)
    return actor.may(Action.NAMESPACE_CLONE) and (
        is_maker or actor.may(Action.NAMESPACE_DELETE)
    )


def switch(actor: Actor, template_id: str, *, active: bool) -> NamespaceTemplate:
    """Take a template out of use, or into use again; raises NotFound and Forbidden."""
    template = get(actor, template_id)
    if not may_switch(actor, template):
        raise Forbidden("Its maker and admins can take a template out of use.")
    now = timezone.now()
    rows = NamespaceTemplate.objects.filter(
        template_id=template_id, is_active=not active
    )
    if rows.update(is_active=active, updated_at=now):
        done = "Use the template “{}” again." if active else "Retire the template “{}”."
        record.record(
            action="template:update",
            summary=done.format(template.name),
            actor=actor,
            organization_id=template.organization_id,
        )
    return get(actor, template_id)


def instantiate(
    actor: Actor,
    template_id: str,
    wanted: Instantiation,
    *,
    operation: UUID | None = None,
) -> Outcome:
    """Make a namespace from a template; raises as a creation does."""
    template = get(actor, template_id)
    if not template.is_active:
        raise Conflict("This template is not active.", code="template_inactive")
    described = wanted.description
    namespace = namespace_from(
        template.configuration,
        name=wanted.namespace_name,
        description=template.description if described is None else described,
        with_infrastructure=actor.plan == Plan.ENTERPRISE,
    )
    return creation.create(actor, namespace, operation=operation)
