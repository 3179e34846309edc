"""Namespace templates in responses."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from nsadmin.namespaces.change.commit import Outcome
from nsadmin.templates.models import NamespaceTemplate, Scope

TemplateScope = Literal["system", "organization", "user"]


class TemplateMade(BaseModel):
    """A configuration that was saved as a template."""

    template_id: str
    template_name: str
    template_type: Literal["namespace"]
    scope: TemplateScope
    source_resource_id: str
    created_at: datetime

    @classmethod
    def of(cls, template: NamespaceTemplate) -> Self:
        """Return a new template, briefly."""
        return cls.model_construct(
            template_id=template.template_id,
            template_name=template.name,
            template_type="namespace",
            scope=template.scope,
            source_resource_id=template.source_namespace_id,
            created_at=template.created_at,
        )


class TemplateModel(BaseModel):
    """A template; its configuration has no data, address or secret."""

    template_id: str
    template_type: Literal["namespace"]
    mode: Literal["config"]
    scope: TemplateScope
    internal_id: str = Field(
        description="The public id of the organization, or `system`."
    )
    name: str
    description: str
    category: str | None
    configuration: dict[str, Any]
    tags: list[str]
    is_active: bool
    is_public: Literal[False]
    use_cases: list[str] | None
    requirements: dict[str, Any] | None
    created_by: str
    source_resource_id: str
    sample_namespace_id: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, template: NamespaceTemplate) -> Self:
        """Return a template; the organization's internal id is not shown."""
        system = template.scope == Scope.SYSTEM
        return cls.model_construct(
            template_id=template.template_id,
            template_type="namespace",
            mode="config",
            scope=template.scope,
            internal_id="system" if system else template.organization_id,
            name=template.name,
            description=template.description,
            category=template.category or None,
            configuration=template.configuration,
            tags=template.tags,
            is_active=template.is_active,
            is_public=False,
            use_cases=None,
            requirements=None,
            created_by="system" if system else template.creator_label,
            source_resource_id=template.source_namespace_id,
            sample_namespace_id=None,
            created_at=template.created_at,
            updated_at=template.updated_at,
        )


class TemplateInstance(BaseModel):
    """A namespace that was created from a template."""

    namespace_id: str
    namespace_name: str
    template_id: str
    status: Literal["cloning", "ready", "failed"]
    task_id: str | None
    created_at: datetime

    @classmethod
    def of(cls, outcome: Outcome, template_id: str) -> Self:
        """Return the new namespace; `cloning` until Qdrant has its collection."""
        namespace = outcome.view.namespace
        return cls.model_construct(
            namespace_id=namespace.namespace_id,
            namespace_name=namespace.name,
            template_id=template_id,
            status="ready" if outcome.converged else "cloning",
            task_id=None,
            created_at=namespace.created_at,
        )
