"""`/v1/templates/namespaces`: keep a configuration, and make namespaces from it."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.http.idempotency import operation_id
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.templates import TemplateInstance, TemplateMade, TemplateModel
from nsadmin.templates import service
from nsadmin.templates.fields import (
    Instantiation,
    NewTemplate,
    parse_instantiation,
    parse_template,
)
from nsadmin.templates.models import NamespaceTemplate

router = Router(tags=["Namespace templates"])
_ROOT = "/templates/namespaces"


class TemplatesQuery(BaseModel):
    """Which templates to list."""

    model_config = ConfigDict(extra="forbid")

    category: str | None = Field(None, max_length=50)
    scope: Literal["system", "organization", "user"] | None = None
    is_active: bool = True


@router.get(_ROOT, response=responses(list[TemplateModel]))
@operation(Action.NAMESPACE_READ)
def list_templates(request: HttpRequest, query: TemplatesQuery) -> HttpResponse:
    """The templates of the platform, of your organization and your own, by name."""
    rows = service.listing(actor_of(request), **query.model_dump())
    return json_response([shown(row) for row in rows])


@router.get(_ROOT + "/{template_id}", response=responses(TemplateModel))
@operation(Action.NAMESPACE_READ)
def get_template(request: HttpRequest, template_id: str) -> HttpResponse:
    """One template with its configuration."""
    return json_response(shown(service.get(actor_of(request), template_id)))


@router.post(
    _ROOT + "/from-namespace/{identifier}",
    response=responses(TemplateMade, 409, 413, 415, ok=201),
)
@operation(Action.NAMESPACE_CLONE, repeatable=True)
def create_template(
    request: HttpRequest,
    identifier: str,
    body: Annotated[NewTemplate, JsonBody(NewTemplate, parse_template)],
) -> HttpResponse:
    """Save a namespace's configuration: extractors, indexes, settings; no data."""
    made = shown(service.save(actor_of(request), identifier, body))
    kept = {name: made[name] for name in TemplateMade.model_fields if name in made}
    return json_response({**kept, "template_name": made["name"]}, status=201)


@router.post(
    _ROOT + "/{template_id}/instantiate",
    response=responses(TemplateInstance, 409, 413, 415, ok=201),
)
@operation(Action.NAMESPACE_CREATE, repeatable=True)
def instantiate_template(
    request: HttpRequest,
    template_id: str,
    body: Annotated[Instantiation, JsonBody(Instantiation, parse_instantiation)],
) -> HttpResponse:
    """Create a namespace with a template's configuration and no data."""
    made = service.instantiate(
        actor_of(request), template_id, body, operation=operation_id(request)
    )
    namespace = made.view.namespace
    data = {
        "namespace_id": namespace.namespace_id,
        "namespace_name": namespace.name,
        "template_id": template_id,
        "status": "ready" if made.converged else "cloning",
        "task_id": None,
        "created_at": namespace.created_at,
    }
    return json_response(data, status=201)


def shown(template: NamespaceTemplate) -> dict[str, Any]:
    """Return a template in the API's shape; the tenant's inner id stays inside."""
    system = template.scope == "system"
    return {
        "template_id": template.template_id,
        "template_type": "namespace",
        "mode": "config",
        "scope": template.scope,
        "internal_id": "system" if system else template.organization_id,
        "name": template.name,
        "description": template.description,
        "category": template.category or None,
        "configuration": template.configuration,
        "tags": template.tags,
        "is_active": template.is_active,
        "is_public": False,
        "use_cases": None,
        "requirements": None,
        "created_by": "system" if system else template.creator_label,
        "source_resource_id": template.source_namespace_id,
        "sample_namespace_id": None,
        "created_at": template.created_at,
        "updated_at": template.updated_at,
    }
