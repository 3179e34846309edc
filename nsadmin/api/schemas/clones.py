"""Clones: what is asked, and what has begun."""

from typing import Literal

from pydantic import BaseModel, Field

from nsadmin.api.schemas.namespaces import NamespaceModel


class CloneResources(BaseModel):
    """Which resources come along; buckets and objects always do."""

    collections: bool | None = Field(None, description="With all vectors; true.")
    retrievers: bool | None = Field(None, description="True.")
    taxonomies: bool | None = Field(None, description="False.")


class CloneNamespaceRequest(BaseModel):
    """What to clone, and under which name."""

    namespace_name: str = Field(min_length=1, max_length=64)
    include_resources: CloneResources | None = None
    description: str | None = Field(None, description="The source's by default.")
    source_organization_id: str | None = Field(
        None, max_length=64, description="For platform admins: whose the source is."
    )


class ClonedResources(BaseModel):
    """What was copied; zeros until the clone is ready."""

    collections: int
    retrievers: int
    taxonomies: int
    buckets: int
    objects: int
    points: int


class CloneNamespaceResponse(BaseModel):
    """A clone that has begun; poll the task or the namespace."""

    namespace: NamespaceModel
    source_namespace_id: str
    status: Literal["cloning", "ready", "failed"]
    task_id: str | None
    cloned_resources: ClonedResources | None
    primary_retriever_id: str | None = Field(
        description="What the copy of the retriever is called, where there is just one."
    )
