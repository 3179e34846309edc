"""`/v1/namespaces/{identifier}/config`: configuration as code."""

from django.http import HttpRequest, HttpResponse

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.endpoints.namespace_list import router
from nsadmin.api.endpoints.namespaces import change_namespace
from nsadmin.api.http.etag import IF_MATCH
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.automation.configuration import (
    ConfigurationRequest,
    ConfigurationText,
)
from nsadmin.api.schemas.changes import DryRun
from nsadmin.api.schemas.namespaces import NamespaceModel
from nsadmin.api.schemas.requests import AddressQuery, ChangeQuery
from nsadmin.errors import Invalid
from nsadmin.namespaces.read import configuration, queries
from nsadmin.namespaces.schema import config


@router.get(
    "/namespaces/{identifier}/config", response=responses(ConfigurationText, 409)
)
@operation(Action.NAMESPACE_READ, for_chosen=True)
def get_configuration(
    request: HttpRequest, identifier: str, query: AddressQuery
) -> HttpResponse:
    """The settings of a namespace as YAML, always in the same order."""
    view = queries.get(
        actor_of(request), identifier, organization_id=query.organization_id
    )
    answer = ConfigurationText.model_construct(config=config.to_yaml(view.namespace))
    return json_response(answer, revision=view.namespace.revision)


@router.post(
    "/namespaces/{identifier}/config",
    response=responses(NamespaceModel | DryRun, 409, 412, 413, 415),
)
@operation(Action.NAMESPACE_UPDATE, headers=IF_MATCH, for_chosen=True)
def apply_configuration(
    request: HttpRequest,
    identifier: str,
    body: ConfigurationRequest,
    query: ChangeQuery,
) -> HttpResponse:
    """Make a namespace as the text says, or with `dry_run=true` see what would change.

    The errors name the lines of the text. The same text a second time changes nothing.
    A text that says what it was made from takes back nothing that changed since; a
    value that both changed is 409 `edit_conflict`.
    """
    parsed = config.from_yaml(body.config)
    view = queries.get_stored(
        actor_of(request), identifier, organization_id=query.organization_id
    )
    try:
        asked = configuration.request_of(parsed, view.namespace)
        if asked.contests and not query.dry_run:
            raise configuration.conflict_of(asked)
        return change_namespace(request, identifier, asked.wanted, query)
    except Invalid as error:
        raise config.with_line_numbers(error, parsed) from None
