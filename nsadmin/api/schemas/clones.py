"""A clone that has begun."""

from typing import Literal

from pydantic import BaseModel, Field

from nsadmin.api.schemas.namespaces import NamespaceModel


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
