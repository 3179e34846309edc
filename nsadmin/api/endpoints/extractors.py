"""`/v1/collections/features/extractors`: the builtin ones; and those of a namespace."""

from typing import Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.extractors import (
    ExtractorModel,
    NamespaceExtractor,
    NamespaceExtractorsResponse,
)
from nsadmin.api.schemas.requests import AddressQuery
from nsadmin.errors import NotFound
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.schema.extractors import REGISTRY

router = Router(tags=["Feature extractors"])
_BUILTIN = "/collections/features/extractors"


class ExtractorsQuery(AddressQuery):
    """Which extractors of a namespace; all of them are builtin and enabled."""

    source: Literal["builtin", "custom", "all"] = "all"
    include_disabled: bool = False


@router.get(_BUILTIN, response=responses(list[ExtractorModel]))
@operation(Action.NAMESPACE_READ, for_chosen=True)
def list_extractors(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The builtin feature extractors that a namespace may register."""
    return json_response([ExtractorModel.of(e) for e in REGISTRY.values()])


@router.get(_BUILTIN + "/{feature_extractor_id}", response=responses(ExtractorModel))
@operation(Action.NAMESPACE_READ, for_chosen=True)
def get_extractor(
    request: HttpRequest,  # noqa: ARG001
    feature_extractor_id: str,
) -> HttpResponse:
    """One builtin feature extractor by its id, `name_version`."""
    extractor = REGISTRY.get(feature_extractor_id)
    if extractor is None:
        raise _not_found(feature_extractor_id)
    return json_response(ExtractorModel.of(extractor))


@router.get(
    "/namespaces/{identifier}/extractors",
    response=responses(NamespaceExtractorsResponse, 409),
)
@operation(Action.NAMESPACE_READ, for_chosen=True)
def list_namespace_extractors(
    request: HttpRequest, identifier: str, query: ExtractorsQuery
) -> HttpResponse:
    """The feature extractors that are registered in a namespace."""
    view = queries.get(
        actor_of(request), identifier, organization_id=query.organization_id
    )
    answer = NamespaceExtractorsResponse.of(view.namespace, source=query.source)
    return json_response(answer)


@router.get(
    "/namespaces/{identifier}/extractors/{feature_extractor_id}",
    response=responses(NamespaceExtractor, 409),
)
@operation(Action.NAMESPACE_READ, for_chosen=True)
def get_namespace_extractor(
    request: HttpRequest,
    identifier: str,
    feature_extractor_id: str,
    query: AddressQuery,
) -> HttpResponse:
    """One feature extractor as it is registered in a namespace."""
    view = queries.get(
        actor_of(request), identifier, organization_id=query.organization_id
    )
    for stored in view.namespace.extractors:
        if stored.id == feature_extractor_id:
            return json_response(NamespaceExtractor.of_stored(stored))
    raise _not_found(feature_extractor_id)


def _not_found(feature_extractor_id: str) -> NotFound:
    return NotFound(
        "There is no such feature extractor.",
        code="feature_extractor_not_found",
        details={"resource": "feature_extractor", "id": feature_extractor_id[:200]},
    )
