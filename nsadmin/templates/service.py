"""Reading, creating, retiring and using templates, with permissions and audit."""

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
from nsadmin.namespaces.plan.readable import require_readable
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.templates.configuration import (
    configuration_of,
    namespace_from,
    require_usable,
)
from nsadmin.templates.fields import (
    DESCRIPTION_MAX,
    Instantiation,
    NewTemplate,
)
from nsadmin.templates.models import (
    CREATOR_MAX,
    NamespaceTemplate,
    Scope,
    new_template_id,
)


def _creator_key(actor: Actor) -> str:
    return f"{actor.kind}:{actor.id}"[:CREATOR_MAX]


def visible(actor: Actor) -> QuerySet[NamespaceTemplate]:
    """Return the templates that the actor may see.

    Staff see all of the organizations that they see, private ones included.
    """
    organization_ids = actor.visible_organization_ids
    if organization_ids is None:
        return NamespaceTemplate.objects.all()
    if actor.is_staff:
        seen = Q(organization_id__in=organization_ids) | Q(scope=Scope.SYSTEM)
        return NamespaceTemplate.objects.filter(seen)
    own = Q(scope=Scope.ORGANIZATION) | Q(creator=_creator_key(actor))
    own &= Q(organization_id=actor.organization_id)
    return NamespaceTemplate.objects.filter(own | Q(scope=Scope.SYSTEM))


def listing(
    actor: Actor, *, category: str | None, scope: str | None, is_active: bool
) -> list[NamespaceTemplate]:
    """Return the visible templates, ordered by name; None does not filter."""
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


def search_templates(
    actor: Actor, organization_id: str, *, search: str = "", scope: str = ""
) -> QuerySet[NamespaceTemplate]:
    """Return templates of an organization and of the platform, inactive ones last.

    `search` looks in names and descriptions.
    """
    rows = visible(actor).filter(
        Q(organization_id=organization_id) | Q(scope=Scope.SYSTEM)
    )
    if scope:
        rows = rows.filter(scope=scope)
    search = names.composed(search)
    words = Q(name__icontains=search) | Q(description__icontains=search)
    return rows.filter(words).order_by("-is_active", "name", "template_id")


def get(actor: Actor, template_id: str) -> NamespaceTemplate:
    """Return a template.

    Raises the same NotFound for an unknown id and for a template of others.
    """
    template = visible(actor).filter(template_id=template_id).first()
    if template is None:
        raise NotFound(
            "There is no such template.",
            details={"resource": "template", "id": template_id[:200]},
        )
    if template.scope != Scope.SYSTEM:
        actor.sees_organization(template.organization_id)
    return template


def get_usable(actor: Actor, template_id: str) -> NamespaceTemplate:
    """Return a template from which the actor can create a namespace.

    Raises NotFound like `get`, and Conflict for a retired template or one of another
    organization, which only staff can see.
    """
    template = get(actor, template_id)
    if not usable(actor).filter(template_id=template_id).exists():
        raise Conflict(
            f"The template {template.name} cannot be used here: it is disabled or "
            "belongs to another organization."
        )
    return template


def create_from_namespace(
    actor: Actor, identifier: str, new: NewTemplate, *, template_id: str = ""
) -> NamespaceTemplate:
    """Save a namespace's configuration as a template.

    `template_id` makes the request repeatable: if the template exists, it is returned.
    Raises NotFound for an unknown namespace, Forbidden without permission, Conflict
    for a configuration with which no namespace can be created.
    """
    if new.scope == "system":
        require(actor, Action.NAMESPACE_SYSTEM)
    view = queries.get_stored(actor, identifier, action=Action.NAMESPACE_CLONE)
    existing = visible(actor).filter(template_id=template_id).first()
    if existing is not None:
        return existing
    namespace = view.namespace
    require_readable(namespace, ("feature_extractors", "payload_indexes"))
    configuration = configuration_of(namespace)
    require_usable(configuration)
    description = new.description or namespace.description
    description = description or f"The configuration of {namespace.name}."
    template = NamespaceTemplate.objects.create(
        template_id=template_id or new_template_id(),
        scope=new.scope or Scope.ORGANIZATION,
        organization_id=actor.organization_id,
        creator=_creator_key(actor),
        creator_label=actor.label,
        name=new.template_name,
        description=description[:DESCRIPTION_MAX],
        category=new.category or "",
        tags=new.tags or [],
        configuration=configuration,
        source_namespace_id=namespace.namespace_id,
    )
    _record_creation(actor, view, template.name)
    return template


def _record_creation(actor: Actor, view: NamespaceView, name: str) -> None:
    """Write the audit row, and one for the owner of another's configuration."""
    namespace = view.namespace
    saved = f"Save the configuration of “{namespace.name}” as"
    summaries = {actor.organization_id: f"{saved} “{name}”."}
    if not namespace.is_system and view.organization_id != actor.organization_id:
        told = f"{saved} a template of {actor.organization_name}."
        summaries[view.organization_id] = told
    for organization_id, summary in summaries.items():
        record.record(
            action="template:create",
            summary=summary,
            actor=actor,
            organization_id=organization_id,
            namespace_id=namespace.namespace_id,
            namespace_name=namespace.name,
        )


def may_set_active(actor: Actor, template: NamespaceTemplate) -> bool:
    """Tell whether the actor may retire a template: its creator and admins may."""
    if template.scope == Scope.SYSTEM:
        return actor.may(Action.NAMESPACE_SYSTEM)
    is_creator = template.creator == _creator_key(actor)
    return actor.may(Action.NAMESPACE_CLONE) and (
        is_creator or actor.may(Action.NAMESPACE_DELETE)
    )


def set_active(actor: Actor, template_id: str, *, active: bool) -> NamespaceTemplate:
    """Retire a template or use it again; raises NotFound and Forbidden."""
    template = get(actor, template_id)
    if not may_set_active(actor, template):
        raise Forbidden("Only the template's creator and admins can disable it.")
    now = timezone.now()
    rows = NamespaceTemplate.objects.filter(
        template_id=template_id, is_active=not active
    )
    if rows.update(is_active=active, updated_at=now):
        name = template.name
        record.record(
            action="template:update",
            summary=(
                f"Enable the template “{name}”."
                if active
                else f"Disable the template “{name}”."
            ),
            actor=actor,
            organization_id=template.organization_id,
        )
    return get(actor, template_id)


def instantiate(
    actor: Actor,
    template_id: str,
    request: Instantiation,
    *,
    operation: UUID | None = None,
) -> Outcome:
    """Create a namespace from a template; raises like `creation.create`.

    Also raises NotFound for the template and Conflict for an inactive one.
    """
    template = get(actor, template_id)
    if not template.is_active:
        raise Conflict("This template is disabled.", code="template_inactive")
    description = template.description
    if request.description is not None:
        description = request.description
    namespace = namespace_from(
        template.configuration,
        name=request.namespace_name,
        description=description,
        with_infrastructure=actor.plan == Plan.ENTERPRISE,
    )
    return creation.create(actor, namespace, operation=operation)
