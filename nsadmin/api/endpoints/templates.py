"""`/v1/templates/namespaces`: save a configuration, and create namespaces from it."""

from typing import Annotated, Literal

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
    return json_response([TemplateModel.of(row) for row in rows])


@router.get(_ROOT + "/{template_id}", response=responses(TemplateModel))
@operation(Action.NAMESPACE_READ)
def get_template(request: HttpRequest, template_id: str) -> HttpResponse:
    """One template with its configuration."""
    return json_response(TemplateModel.of(service.get(actor_of(request), template_id)))


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
    template = service.create_from_namespace(actor_of(request), identifier, body)
    return json_response(TemplateMade.of(template), status=201)


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
    outcome = service.instantiate(
        actor_of(request), template_id, body, operation=operation_id(request)
    )
    return json_response(TemplateInstance.of(outcome, template_id), status=201)
