"""Namespace templates as they are answered."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

TemplateScope = Literal["system", "organization", "user"]


class TemplateMade(BaseModel):
    """A configuration that is kept now."""

    template_id: str
    template_name: str
    template_type: Literal["namespace"]
    scope: TemplateScope
    source_resource_id: str
    created_at: datetime


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


class TemplateInstance(BaseModel):
    """A namespace that was made from a template."""

    namespace_id: str
    namespace_name: str
    template_id: str
    status: Literal["cloning", "ready", "failed"]
    task_id: str | None
    created_at: datetime
