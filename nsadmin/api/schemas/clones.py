"""A clone that was started."""

from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from nsadmin.api.schemas.namespaces import NamespaceModel
from nsadmin.clones.state import CloneState


class ClonedResources(BaseModel):
    """The numbers of copied resources; zeros until the clone is ready."""

    collections: int
    retrievers: int
    taxonomies: int
    buckets: int
    objects: int
    points: int


class CloneNamespaceResponse(BaseModel):
    """A clone that was started; poll the task or the namespace."""

    namespace: NamespaceModel
    source_namespace_id: str
    status: Literal["cloning", "ready", "failed"]
    task_id: str | None
    cloned_resources: ClonedResources | None
    primary_retriever_id: str | None = Field(
        description="The id of the copied retriever, where there is just one."
    )

    @classmethod
    def of(cls, state: CloneState) -> Self:
        """Return a clone as far as its job has come."""
        namespace = state.view.namespace
        copied: dict[str, Any] = {**state.copied}
        return cls.model_construct(
            namespace=NamespaceModel.of(namespace, state.view.counts),
            source_namespace_id=state.job.source_namespace_id,
            status=namespace.clone_status,
            task_id=str(state.job.job_id),
            cloned_resources=ClonedResources.model_construct(**copied),
            primary_retriever_id=state.primary_retriever_id,
        )
