"""What may be said of a namespace that is to be made. Pure.

Every key of the published contract is known by name; a value that is not offered is
refused with the reason.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool

from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.limits import limits
from nsadmin.namespaces.schema.patch import (
    ExtractorInput,
    Extractors,
    Infrastructure,
    validate,
)
from nsadmin.namespaces.schema.payload_indexes import Indexes
from nsadmin.namespaces.schema.strict import StrictModel
from nsadmin.namespaces.schema.text import (
    Description,
    Name,
    clean_description,
    clean_name,
)

TTL_MIN = 60
# A hundred years; what is meant to stay longer does not expire.
TTL_MAX = 100 * 365 * 24 * 3600
ID_START, ID_MIN, ID_MAX = "ns_", 6, 60
_ID = re.compile(rf"{ID_START}[A-Za-z0-9_-]{{{ID_MIN},{ID_MAX}}}")
# What is not offered gets a reason of its own.
_ALWAYS_EMPTY = Field(json_schema_extra={"maxItems": 0})
# What most begin with, where nothing is said: text and still images.
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
    """A vector of one's own; only namespaces without extractors would have them."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    dimension: Annotated[int, Field(ge=1, le=65_536)]
    metric: Literal["cosine", "euclidean", "dot_product"] = "cosine"


class NewNamespace(StrictModel):
    """The body of a creation; null is the same as absent."""

    namespace_name: Name = Field(description="3 to 64 characters, unique for you.")
    namespace_id: CustomId | None = Field(
        None, description="Your own id, `ns_…`, to bring a namespace back under it."
    )
    mode: Literal["managed", "standalone"] | None = Field(
        None, description="Only `managed` is offered."
    )
    namespace_type: Literal["standard", "marketplace"] | None = Field(
        None, description="Only `standard` is offered."
    )
    scope: Literal["org", "system"] | None = Field(
        None, description="`org` by default; `system` is for platform admins."
    )
    description: Description | None = None
    feature_extractors: Extractors | None = Field(
        None, description="Text and images by default; one must bring a vector."
    )
    features: Annotated[list[str], _ALWAYS_EMPTY] | None = Field(
        None, description="Not offered."
    )
    vector_configs: Annotated[list[VectorConfig], _ALWAYS_EMPTY] | None = Field(
        None, description="Not offered."
    )
    payload_indexes: Indexes | None = None
    auto_create_indexes: StrictBool | None = Field(None, description="False.")
    ttl_seconds: Annotated[int, Field(ge=TTL_MIN, le=TTL_MAX)] | None = Field(
        None, description="It expires so many seconds after it is made; never if null."
    )
    infrastructure: Infrastructure | None = Field(
        None, description="Needs an Enterprise plan; the shared cluster by default."
    )

    @property
    def extractors(self) -> list[ExtractorInput]:
        """What to register; the baseline where nothing was said."""
        if self.feature_extractors is not None:
            return self.feature_extractors
        return [
            ExtractorInput(feature_extractor_name=name, version=version)
            for name, version in DEFAULT_EXTRACTORS
        ]


def parse_new(body: Any) -> NewNamespace:
    """Read the body of a creation, or raise Invalid with a fault for each field."""
    wanted = validate(NewNamespace, body)
    faults = _unsupported_values(wanted)
    try:
        wanted.namespace_name = clean_name(wanted.namespace_name)
    except Invalid as fault:
        faults |= fault.errors
    try:
        if wanted.description is not None:
            wanted.description = clean_description(wanted.description)
    except Invalid as fault:
        faults |= fault.errors
    if faults:
        raise Invalid.all(faults)
    return wanted


def _unsupported_values(wanted: NewNamespace) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    if wanted.namespace_id is not None and not _ID.fullmatch(wanted.namespace_id):
        sentence = (
            f"An id is {ID_START} and {ID_MIN} to {ID_MAX} letters, digits, hyphens "
            "or underscores."
        )
        faults["namespace_id"] = [sentence]
    if wanted.mode == "standalone":
        sentence = "Namespaces with vectors of one's own are not offered."
        faults["mode"] = [sentence]
    if wanted.namespace_type == "marketplace":
        sentence = "Subscriptions are not offered, so neither are marketplaces."
        faults["namespace_type"] = [sentence]
    if wanted.features:
        sentence = "Features are not offered; name the extractors themselves."
        faults["features"] = [sentence]
    if wanted.vector_configs:
        sentence = "Vectors come from feature extractors; others are not offered."
        faults["vector_configs"] = [sentence]
    return faults
