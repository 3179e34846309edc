"""The clone request: its body, its validation and its texts."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from nsadmin.clones.target import Target
from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.limits import CLONE_NAME_MIN, NAME_MAX, limits
from nsadmin.namespaces.schema.patch import validate
from nsadmin.namespaces.schema.text import Description, clean_description, clean_name

NEVER = (
    "Secrets, API keys, expiry, owner scope, clusters, alerts, triggers, webhooks, "
    "published pages and the run history."
)

# The number of copied resources by kind before a clone has copied any.
NO_RESOURCES: dict[str, int] = {
    "buckets": 0,
    "objects": 0,
    "collections": 0,
    "retrievers": 0,
    "taxonomies": 0,
    "points": 0,
}


@dataclass(frozen=True, slots=True)
class Include:
    """The optional resources; configuration, buckets and objects are always copied.

    collections   with every document and all its vectors. Without them the clone has
                  the same vectors and indexes but no documents, because documents
                  belong to collections. Retrievers and taxonomies are copied without
                  their references to collections.
    retrievers    the definitions of pipelines. Without them collections lose their
                  enrichments; taxonomies are copied but not ready.
    taxonomies    the definitions. Without them collections lose their applications and
                  retrievers lose the stages that use a taxonomy.
    """

    collections: bool = True
    retrievers: bool = True
    taxonomies: bool = False

    @property
    def included(self) -> list[str]:
        """Sentences about the copied resources, for the preview."""
        return [
            "The configuration: feature extractors and payload indexes.",
            "Buckets and objects; they refer to the same files.",
            *(["Collections with all documents and vectors."] * self.collections),
            *(["Retrievers."] * self.retrievers),
            *(["Taxonomies."] * self.taxonomies),
        ]

    @property
    def left_out(self) -> list[str]:
        """Sentences about resources that are not copied, and the consequences."""
        sentences = []
        if not self.collections:
            sentences.append(
                "Collections, and so no documents: the clone starts empty."
            )
            if self.retrievers:
                sentences.append("Retrievers have no collections to search.")
            if self.taxonomies:
                sentences.append("Taxonomies are not ready without their collections.")
        if not self.retrievers:
            sentences.append("Retrievers; enrichments that use one are left out.")
            if self.taxonomies:
                sentences.append("Taxonomies are not ready without their retrievers.")
        if not self.taxonomies:
            sentences.append("Taxonomies; stages that use one are left out.")
        return [*sentences, NEVER]


@dataclass(frozen=True, slots=True)
class CloneRequest:
    """A validated clone request; a `description` of None means the source's.

    `leave_out_foreign_points` is for a clone in another organization: points that name
    another namespace than the source are not copied, instead of ending the clone.
    `target` is where the clone is made, None for the default; no body has it.
    """

    namespace_name: str
    include: Include = Include()
    description: str | None = None
    source_organization_id: str | None = None
    leave_out_foreign_points: bool = False
    target: Target | None = None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CloneResources(_Strict):
    """The resources to copy; buckets and objects are always copied."""

    collections: StrictBool | None = Field(None, description="With all vectors; true.")
    retrievers: StrictBool | None = Field(None, description="True.")
    taxonomies: StrictBool | None = Field(None, description="False.")


class CloneBody(_Strict):
    """The name of the clone and the resources to copy; null is the same as absent."""

    namespace_name: Annotated[
        str, limits("string", minLength=CLONE_NAME_MIN, maxLength=NAME_MAX)
    ]
    include_resources: CloneResources | None = None
    description: Description | None = Field(
        None, description="The source's by default."
    )
    source_organization_id: (
        Annotated[str, Field(min_length=1, max_length=64)] | None
    ) = Field(None, description="For platform admins: the source's organization.")
    leave_out_foreign_points: StrictBool | None = Field(
        None,
        description="For platform admins, where the source is of another organization: "
        "points that name another namespace are left out. False.",
    )


def parse_clone(body: Any) -> CloneRequest:
    """Validate the body of a clone request; raise Invalid with every error."""
    parsed = validate(CloneBody, body)
    errors: dict[str, list[str]] = {}
    name, description = parsed.namespace_name, parsed.description
    try:
        name = clean_name(name, shortest=CLONE_NAME_MIN)
    except Invalid as invalid:
        errors |= invalid.errors
    try:
        description = None if description is None else clean_description(description)
    except Invalid as invalid:
        errors |= invalid.errors
    if errors:
        raise Invalid.all(errors)
    return CloneRequest(
        namespace_name=name,
        include=_include(parsed.include_resources),
        description=description,
        source_organization_id=parsed.source_organization_id,
        leave_out_foreign_points=bool(parsed.leave_out_foreign_points),
    )


def _include(chosen: CloneResources | None) -> Include:
    if chosen is None:
        return Include()
    return Include(**chosen.model_dump(exclude_none=True))
