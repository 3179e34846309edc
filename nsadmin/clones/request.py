"""What a clone request may say: the only validation of its meaning."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.limits import NAME_MAX, limits
from nsadmin.namespaces.schema.patch import validate
from nsadmin.namespaces.schema.text import Description, clean_description, clean_name

NAME_MIN = 1
NEVER = (
    "Secrets, API keys, expiry, owner scope, clusters, alerts, triggers, webhooks, "
    "published pages and the history of runs."
)


@dataclass(frozen=True, slots=True)
class Include:
    """Which resources come along; configuration, buckets and objects always do.

    collections   with every document and all its vectors. Without them the clone has
                  the same vectors and indexes but no documents: they belong to
                  collections. Retrievers and taxonomies come along all the same and
                  lose what pointed to a collection.
    retrievers    the definitions of pipelines. Without them collections lose their
                  enrichments, taxonomies are kept but not ready.
    taxonomies    the definitions. Without them collections lose their applications,
                  retrievers the stages that use one.
    """

    collections: bool = True
    retrievers: bool = True
    taxonomies: bool = False

    @property
    def included(self) -> list[str]:
        """Say what the clone gets."""
        return [
            "The configuration: feature extractors and payload indexes.",
            "Buckets and objects; they refer to the same files.",
            *(["Collections with all documents and vectors."] * self.collections),
            *(["Retrievers."] * self.retrievers),
            *(["Taxonomies."] * self.taxonomies),
        ]

    @property
    def left_out(self) -> list[str]:
        """Say what the clone does not get, and what that means for the rest."""
        said = []
        if not self.collections:
            said.append("Collections, and so no documents: the clone starts empty.")
            if self.retrievers:
                said.append("Retrievers have no collections to search.")
            if self.taxonomies:
                said.append("Taxonomies are not ready without their collections.")
        if not self.retrievers:
            said.append("Retrievers; enrichments that use one are left out.")
            if self.taxonomies:
                said.append("Taxonomies are not ready without their retrievers.")
        if not self.taxonomies:
            said.append("Taxonomies; stages that use one are left out.")
        return [*said, NEVER]


@dataclass(frozen=True, slots=True)
class CloneRequest:
    """What somebody wants cloned; a `description` of None stands for the source's."""

    namespace_name: str
    include: Include = Include()
    description: str | None = None
    source_organization_id: str | None = None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CloneResources(_Strict):
    """Which resources come along; buckets and objects always do."""

    collections: StrictBool | None = Field(None, description="With all vectors; true.")
    retrievers: StrictBool | None = Field(None, description="True.")
    taxonomies: StrictBool | None = Field(None, description="False.")


class CloneBody(_Strict):
    """What to clone, and under which name; null is the same as absent."""

    namespace_name: Annotated[
        str, limits("string", minLength=NAME_MIN, maxLength=NAME_MAX)
    ]
    include_resources: CloneResources | None = None
    description: Description | None = Field(
        None, description="The source's by default."
    )
    source_organization_id: (
        Annotated[str, Field(min_length=1, max_length=64)] | None
    ) = Field(None, description="For platform admins: whose the source is.")


def parse_clone(body: Any) -> CloneRequest:
    """Read the body of a clone request, or raise Invalid with every fault."""
    read = validate(CloneBody, body)
    faults: dict[str, list[str]] = {}
    name, description = read.namespace_name, read.description
    try:
        name = clean_name(name, shortest=NAME_MIN)
    except Invalid as fault:
        faults |= fault.errors
    try:
        description = None if description is None else clean_description(description)
    except Invalid as fault:
        faults |= fault.errors
    if faults:
        raise Invalid.all(faults)
    return CloneRequest(
        namespace_name=name,
        include=_include(read.include_resources),
        description=description,
        source_organization_id=read.source_organization_id,
    )


def _include(given: CloneResources | None) -> Include:
    if given is None:
        return Include()
    return Include(**given.model_dump(exclude_none=True))
