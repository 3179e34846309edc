"""The request body that creates a namespace. Pure.

It knows every key of the published contract. An unsupported value is refused with the
reason.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, StrictBool

from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.document import StoredIndex
from nsadmin.namespaces.schema.limits import StrictModel, limits
from nsadmin.namespaces.schema.patch import (
    ExtractorInput,
    Extractors,
    Infrastructure,
    validate,
)
from nsadmin.namespaces.schema.payload_indexes import Indexes
from nsadmin.namespaces.schema.text import (
    Description,
    Name,
    clean_description,
    clean_name,
)

TTL_MIN = 60
# A hundred years.
TTL_MAX = 100 * 365 * 24 * 3600
ID_START, ID_MIN, ID_MAX = "ns_", 6, 60
_ID = re.compile(rf"{ID_START}[A-Za-z0-9_-]{{{ID_MIN},{ID_MAX}}}")
# The list is unsupported; `_unsupported_values` gives the reason.
_ALWAYS_EMPTY = Field(json_schema_extra={"maxItems": 0})
# Registered if the body names none: text and still images.
DEFAULT_EXTRACTORS = ("text_extractor", "v1"), ("image_extractor", "v1")


CustomId = Annotated[
    str,
    limits(
        "string",
        minLength=len(ID_START) + ID_MIN,
        maxLength=len(ID_START) + ID_MAX,
    ),
]


class VectorConfig(StrictModel):
    """A custom vector; not supported."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    dimension: Annotated[int, Field(ge=1, le=65_536)]
    metric: Literal["cosine", "euclidean", "dot_product"] = "cosine"


class NewNamespace(StrictModel):
    """The body of a creation; null means absent."""

    namespace_name: Name = Field(description="3 to 64 characters, unique for you.")
    namespace_id: CustomId | None = Field(
        None, description="Your own id, `ns_…`, to recreate a namespace under it."
    )
    mode: Literal["managed", "standalone"] | None = Field(
        None, description="Only `managed` is supported."
    )
    namespace_type: Literal["standard", "marketplace"] | None = Field(
        None, description="Only `standard` is supported."
    )
    scope: Literal["org", "system"] | None = Field(
        None, description="`org` by default; `system` is for platform admins."
    )
    description: Description | None = None
    feature_extractors: Extractors | None = Field(
        None, description="Text and images by default; one must bring a vector."
    )
    features: Annotated[list[str], _ALWAYS_EMPTY] | None = Field(
        None, description="Not supported."
    )
    vector_configs: Annotated[list[VectorConfig], _ALWAYS_EMPTY] | None = Field(
        None, description="Not supported."
    )
    payload_indexes: Indexes | None = None
    auto_create_indexes: StrictBool | None = Field(None, description="False.")
    ttl_seconds: Annotated[int, Field(ge=TTL_MIN, le=TTL_MAX)] | None = Field(
        None, description="Seconds from creation until it expires; never if null."
    )
    infrastructure: Infrastructure | None = Field(
        None,
        description="Needs an Enterprise subscription; the shared cluster by default.",
    )

    _stored_indexes: dict[str, StoredIndex] = PrivateAttr(default_factory=dict)

    def like_stored(self, indexes: Iterable[Mapping[str, Any]]) -> Self:
        """Accept these indexes of another namespace as they are stored there.

        Their names and parameters may be ones that only other programs write. Each
        has `field_name`, `type` and `field_schema`.
        """
        self._stored_indexes = {
            index["field_name"]: StoredIndex(
                index["field_name"], {**index["field_schema"], "type": index["type"]}
            )
            for index in indexes
        }
        return self

    @property
    def stored_indexes(self) -> Mapping[str, StoredIndex]:
        """The indexes that `like_stored` accepted, by field."""
        return self._stored_indexes

    @property
    def extractors(self) -> list[ExtractorInput]:
        """The extractors to register, by default DEFAULT_EXTRACTORS."""
        if self.feature_extractors is not None:
            return self.feature_extractors
        return [
            ExtractorInput(feature_extractor_name=name, version=version)
            for name, version in DEFAULT_EXTRACTORS
        ]


def parse_new(body: Any) -> NewNamespace:
    """Return the cleaned body, or raise Invalid with an error per field."""
    request = validate(NewNamespace, body)
    errors = _unsupported_values(request)
    try:
        request.namespace_name = clean_name(request.namespace_name)
    except Invalid as error:
        errors |= error.errors
    try:
        if request.description is not None:
            request.description = clean_description(request.description)
    except Invalid as error:
        errors |= error.errors
    if errors:
        raise Invalid.all(errors)
    return request


def _unsupported_values(request: NewNamespace) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if request.namespace_id is not None and not _ID.fullmatch(request.namespace_id):
        message = (
            f"An id is {ID_START} followed by {ID_MIN} to {ID_MAX} letters, digits, "
            "hyphens or underscores."
        )
        errors["namespace_id"] = [message]
    if request.mode == "standalone":
        message = "Namespaces with custom vectors are not supported."
        errors["mode"] = [message]
    if request.namespace_type == "marketplace":
        message = "Marketplace namespaces are not supported."
        errors["namespace_type"] = [message]
    if request.features:
        message = "Features are not supported; use feature_extractors."
        errors["features"] = [message]
    if request.vector_configs:
        message = "Custom vectors are not supported; feature extractors define them."
        errors["vector_configs"] = [message]
    return errors
