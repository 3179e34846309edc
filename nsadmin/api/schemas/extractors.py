"""Feature extractors: the builtin ones and those of a namespace."""

from collections.abc import Sequence
from typing import Any, Final, Literal, Self

from pydantic import BaseModel

from nsadmin.api.schemas.namespaces import PayloadIndex, payload_index
from nsadmin.namespaces.read.rows import ListedIndex
from nsadmin.namespaces.schema.document import Namespace, StoredExtractor
from nsadmin.namespaces.schema.extractor_registry import Extractor, VectorIndex
from nsadmin.namespaces.schema.extractors import REGISTRY

# Published fields whose values no extractor has.
_UNKNOWN: Final = (
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


class VectorIndexEntry(BaseModel):
    """A named vector that an extractor adds."""

    name: str
    description: str | None
    type: Literal["single", "multi"]
    index: dict[str, Any]
    feature_uri: str | None

    @classmethod
    def of(cls, vector: VectorIndex) -> Self:
        """Return a vector of an extractor."""
        return cls.model_construct(
            name=vector.name,
            description=None,
            type="single",
            index={
                "name": vector.name,
                "dimensions": vector.size,
                "type": "dense",
                "distance": vector.distance,
                "inference_service_id": vector.inference,
            },
            feature_uri=None,
        )


class ExtractorModel(BaseModel):
    """A builtin feature extractor; a value that is not published is null."""

    feature_extractor_name: str
    version: str
    feature_extractor_id: str
    description: str
    icon: str | None
    category: str
    source: Literal["builtin", "custom", "community"]
    type_mode: str | None
    expected_input_types: list[str] | None
    inference_type: str | None
    input_schema: dict[str, Any] | None
    output_schema: dict[str, Any] | None
    parameter_schema: dict[str, Any] | None
    supported_input_types: list[str]
    max_inputs: dict[str, int] | None
    default_parameters: dict[str, Any]
    costs: dict[str, Any] | None
    required_vector_indexes: list[VectorIndexEntry]
    required_payload_indexes: list[PayloadIndex] | None
    position_fields: list[str] | None
    capabilities: list[str] | None
    example_usage: dict[str, Any] | None

    @classmethod
    def of(cls, extractor: Extractor) -> Self:
        """Return a builtin extractor."""
        return cls.model_construct(**_values(extractor, extractor.vectors))


class NamespaceExtractor(ExtractorModel):
    """An extractor as it is registered in a namespace."""

    params: dict[str, Any]
    feature_uri: str | None
    plugin_id: str | None
    deployed: bool | None
    validation_status: str | None

    @classmethod
    def of_stored(cls, stored: StoredExtractor) -> Self:
        """Return a registered extractor; one that is not builtin is `custom`."""
        params = stored.params or {}
        extractor = REGISTRY.get(stored.id)
        if extractor is None:
            unknown = Extractor(stored.name, stored.version, "", (), "custom")
            values = {**_values(unknown, ()), "source": "custom"}
        else:
            values = _values(extractor, extractor.vectors_for(params))
        return cls.model_construct(
            **values,
            params=params,
            feature_uri=None,
            plugin_id=None,
            deployed=None,
            validation_status=None,
        )


class NamespaceExtractorsResponse(BaseModel):
    """The extractors that are registered in a namespace."""

    success: Literal[True]
    extractors: list[NamespaceExtractor]
    total: int
    namespace_id: str
    builtin_count: int
    custom_count: int

    @classmethod
    def of(cls, namespace: Namespace, *, source: str) -> Self:
        """Return a namespace's extractors of one source, or of `all`."""
        every = [NamespaceExtractor.of_stored(e) for e in namespace.extractors]
        listed = [e for e in every if source in ("all", e.source)]
        return cls.model_construct(
            success=True,
            extractors=listed,
            total=len(listed),
            namespace_id=namespace.namespace_id,
            builtin_count=sum(e.source == "builtin" for e in every),
            custom_count=sum(e.source == "custom" for e in every),
        )


def _values(extractor: Extractor, vectors: Sequence[VectorIndex]) -> dict[str, Any]:
    required = [
        payload_index(ListedIndex(field, {"type": kind}, is_protected=True))
        for field, kind in extractor.required_payload_indexes
    ]
    return {
        **dict.fromkeys(_UNKNOWN),
        "feature_extractor_name": extractor.name,
        "version": extractor.version,
        "feature_extractor_id": extractor.id,
        "description": extractor.description,
        "category": extractor.category,
        "source": "builtin",
        "supported_input_types": list(extractor.inputs),
        "default_parameters": dict(extractor.defaults),
        "required_vector_indexes": [VectorIndexEntry.of(v) for v in vectors],
        "required_payload_indexes": required or None,
    }
