"""Feature extractors: the builtin ones and those of a namespace."""

from typing import Any, Literal

from pydantic import BaseModel

from nsadmin.api.schemas.namespaces import PayloadIndex


class VectorIndexEntry(BaseModel):
    """A named vector that an extractor brings."""

    name: str
    description: str | None
    type: Literal["single", "multi"]
    index: dict[str, Any]
    feature_uri: str | None


class ExtractorModel(BaseModel):
    """A builtin feature extractor; what is not published is null."""

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


class NamespaceExtractor(ExtractorModel):
    """An extractor as one namespace has it registered."""

    params: dict[str, Any]
    feature_uri: str | None
    plugin_id: str | None
    deployed: bool | None
    validation_status: str | None


class NamespaceExtractorsResponse(BaseModel):
    """The extractors that are registered in a namespace."""

    success: Literal[True]
    extractors: list[NamespaceExtractor]
    total: int
    namespace_id: str
    builtin_count: int
    custom_count: int
