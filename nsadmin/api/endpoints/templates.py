"""`/v1/templates/namespaces`: keep a configuration, and make namespaces from it."""

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of, endpoint
from nsadmin.api.http import parsing
from nsadmin.api.http.idempotency import IDEMPOTENCY_KEY, idempotent, operation_id
from nsadmin.api.http.openapi import openapi_extra, responses
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.requests import NoQuery
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


@router.get(
    _ROOT,
    response=responses(list[TemplateModel]),
    openapi_extra=openapi_extra(query=TemplatesQuery),
)
@endpoint(Action.NAMESPACE_READ)
def list_templates(request: HttpRequest) -> HttpResponse:
    """The templates of the platform, of your organization and your own, by name."""
    wanted = parsing.query(request, TemplatesQuery)
    rows = service.listing(actor_of(request), **wanted.model_dump())
    return json_response([shown(row) for row in rows])


@router.get(_ROOT + "/{template_id}", response=responses(TemplateModel))
@endpoint(Action.NAMESPACE_READ)
def get_template(request: HttpRequest, template_id: str) -> HttpResponse:
    """One template with its configuration."""
    parsing.query(request, NoQuery)
    return json_response(shown(service.get(actor_of(request), template_id)))


@router.post(
    _ROOT + "/from-namespace/{identifier}",
    response=responses(TemplateMade, 409, 413, 415, ok=201),
    openapi_extra=openapi_extra(body=NewTemplate, headers=IDEMPOTENCY_KEY),
)
@endpoint(Action.NAMESPACE_CLONE)
@idempotent
def create_template(request: HttpRequest, identifier: str) -> HttpResponse:
    """Keep a namespace's configuration: extractors, indexes, settings; no data."""
    parsing.query(request, NoQuery)
    wanted = parse_template(parsing.body(request))
    made = shown(service.create_from_namespace(actor_of(request), identifier, wanted))
    kept = {name: made[name] for name in TemplateMade.model_fields if name in made}
    return json_response({**kept, "template_name": made["name"]}, status=201)


@router.post(
    _ROOT + "/{template_id}/instantiate",
    response=responses(TemplateInstance, 409, 413, 415, ok=201),
    openapi_extra=openapi_extra(body=Instantiation, headers=IDEMPOTENCY_KEY),
)
@endpoint(Action.NAMESPACE_CREATE)
@idempotent
def instantiate_template(request: HttpRequest, template_id: str) -> HttpResponse:
    """Make a namespace with a template's configuration and no data."""
    parsing.query(request, NoQuery)
    wanted = parse_instantiation(parsing.body(request))
    made = service.instantiate(
        actor_of(request), template_id, wanted, operation=operation_id(request)
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
