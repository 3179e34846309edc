"""`/v1/collections/features/extractors`: the builtin ones; and those of a namespace."""

from collections.abc import Sequence
from typing import Any, Literal

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
from nsadmin.namespaces.schema.document import StoredExtractor
from nsadmin.namespaces.schema.extractors import REGISTRY, Extractor, VectorIndex

router = Router(tags=["Feature extractors"])
_BUILTIN = "/collections/features/extractors"


class ExtractorsQuery(AddressQuery):
    """Which extractors of a namespace; all of them are builtin and enabled."""

    source: Literal["builtin", "custom", "all"] = "all"
    include_disabled: bool = False


@router.get(_BUILTIN, response=responses(list[ExtractorModel]))
@operation(Action.NAMESPACE_READ)
def list_extractors(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The builtin feature extractors that a namespace may register."""
    return json_response([entry(extractor) for extractor in REGISTRY.values()])


@router.get(_BUILTIN + "/{feature_extractor_id}", response=responses(ExtractorModel))
@operation(Action.NAMESPACE_READ)
def get_extractor(
    request: HttpRequest,  # noqa: ARG001
    feature_extractor_id: str,
) -> HttpResponse:
    """One builtin feature extractor by its id, `name_version`."""
    extractor = REGISTRY.get(feature_extractor_id)
    if extractor is None:
        raise _missing(feature_extractor_id)
    return json_response(entry(extractor))


@router.get(
    "/namespaces/{identifier}/extractors",
    response=responses(NamespaceExtractorsResponse, 409),
)
@operation(Action.NAMESPACE_READ)
def list_namespace_extractors(
    request: HttpRequest, identifier: str, query: ExtractorsQuery
) -> HttpResponse:
    """The feature extractors that are registered in a namespace."""
    view = queries.get(
        actor_of(request), identifier, organization_id=query.organization_id
    )
    registered = [registered_entry(e) for e in view.namespace.extractors]
    builtin = [e for e in registered if e["source"] == "builtin"]
    custom = [e for e in registered if e["source"] == "custom"]
    shown = {"all": registered, "builtin": builtin, "custom": custom}[query.source]
    return json_response(
        {
            "success": True,
            "extractors": shown,
            "total": len(shown),
            "namespace_id": view.namespace.namespace_id,
            "builtin_count": len(builtin),
            "custom_count": len(custom),
        }
    )


@router.get(
    "/namespaces/{identifier}/extractors/{feature_extractor_id}",
    response=responses(NamespaceExtractor, 409),
)
@operation(Action.NAMESPACE_READ)
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
            return json_response(registered_entry(stored))
    raise _missing(feature_extractor_id)


def _missing(feature_extractor_id: str) -> NotFound:
    return NotFound(
        "There is no such feature extractor.",
        code="feature_extractor_not_found",
        details={"resource": "feature_extractor", "id": feature_extractor_id[:200]},
    )


def entry(
    extractor: Extractor, vectors: Sequence[VectorIndex] | None = None
) -> dict[str, Any]:
    """Return an extractor in the API's shape; nothing unknown is invented."""
    required = [
        {
            "field_name": field,
            "type": kind,
            "field_schema": {"type": kind},
            "is_protected": True,
        }
        for field, kind in extractor.required_payload_indexes
    ]
    return {
        **_UNKNOWN,
        "feature_extractor_name": extractor.name,
        "version": extractor.version,
        "feature_extractor_id": extractor.id,
        "description": extractor.description,
        "category": extractor.category,
        "source": "builtin",
        "supported_input_types": list(extractor.inputs),
        "default_parameters": dict(extractor.defaults),
        "required_vector_indexes": [
            _vector(v) for v in (extractor.vectors if vectors is None else vectors)
        ],
        "required_payload_indexes": required or None,
    }


def registered_entry(stored: StoredExtractor) -> dict[str, Any]:
    """Return an extractor as a namespace has it; a foreign one is shown as custom."""
    extractor = REGISTRY.get(stored.id)
    params = stored.params or {}
    if extractor is None:
        shown = entry(Extractor(stored.name, stored.version, "", (), "custom"))
        shown["source"] = "custom"
    else:
        shown = entry(extractor, extractor.vectors_for(params))
    return {
        **shown,
        "params": params,
        "feature_uri": None,
        "plugin_id": None,
        "deployed": None,
        "validation_status": None,
    }


_UNKNOWN: dict[str, Any] = dict.fromkeys(
    (
        "icon",
        "type_mode",
        "expected_input_types",
        "inference_type",
        "input_schema",
        "output_schema",
        "parameter_schema",
        "max_inputs",
        "costs",
        "position_fields",
        "capabilities",
        "example_usage",
    )
)


def _vector(vector: VectorIndex) -> dict[str, Any]:
    return {
        "name": vector.name,
        "description": None,
        "type": "single",
        "index": {
            "name": vector.name,
            "dimensions": vector.size,
            "type": "dense",
            "distance": vector.distance,
            "inference_service_id": vector.inference,
        },
        "feature_uri": None,
    }
