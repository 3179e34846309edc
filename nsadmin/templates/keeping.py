"""Templates kept, seen and used: who may, and what becomes of it."""

from uuid import UUID

from django.db.models import Q, QuerySet

from nsadmin.access.actor import Actor
from nsadmin.access.gate import require
from nsadmin.access.models import Plan
from nsadmin.access.permissions import Action
from nsadmin.audit import record
from nsadmin.errors import Conflict, Missing
from nsadmin.namespaces import creation, queries
from nsadmin.namespaces.changes import Outcome
from nsadmin.templates.configuration import configuration_of, namespace_from
from nsadmin.templates.fields import Instantiation, NewTemplate
from nsadmin.templates.models import NamespaceTemplate, Scope


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


def get(actor: Actor, template_id: str) -> NamespaceTemplate:
    """Return a template; Missing for a foreign one exactly as for none."""
    found = visible(actor).filter(template_id=template_id).first()
    if found is None:
        raise Missing(
            "There is no such template.",
            details={"resource": "template", "id": template_id[:200]},
        )
    return found


def keep(actor: Actor, identifier: str, wanted: NewTemplate) -> NamespaceTemplate:
    """Keep a namespace's configuration as a template."""
    if wanted.scope == "system":
        require(actor, Action.NAMESPACE_SYSTEM)
    view = queries.get_stored(actor, identifier, action=Action.NAMESPACE_CLONE)
    namespace = view.namespace
    described = wanted.description or namespace.description
    template = NamespaceTemplate.objects.create(
        scope=wanted.scope or Scope.ORGANIZATION,
        organization_id=actor.organization_id,
        creator=_creator(actor),
        creator_label=actor.label,
        name=wanted.template_name,
        description=(described or f"The configuration of {namespace.name}.")[:1000],
        category=wanted.category or "",
        tags=wanted.tags or [],
        configuration=configuration_of(namespace),
        source_namespace_id=namespace.namespace_id,
    )
    record.record(
        action="template:create",
        summary=f"Keep the configuration of “{namespace.name}” as “{template.name}”.",
        actor=(actor.kind, actor.id, actor.label),
        organization_id=actor.organization_id,
        namespace_id=namespace.namespace_id,
        namespace_name=namespace.name,
    )
    return template


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
