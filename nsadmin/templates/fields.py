"""Request bodies of templates and their validation. Pure."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from nsadmin import names
from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.limits import NAME_MIN, limits
from nsadmin.namespaces.schema.patch import validate
from nsadmin.namespaces.schema.text import clean_description, clean_name

TEMPLATE_NAME_MAX, DESCRIPTION_MAX, CATEGORY_MAX = 100, 1000, 50
TAG_MAX, TAGS_MAX = 50, 20
# Limits of a namespace that is created from a template.
NAME_MAX, OWN_DESCRIPTION_MAX = 50, 500
_NAME_PATTERN = re.compile(r"[A-Za-z0-9_-]*")

TemplateName = Annotated[
    str, limits("string", minLength=1, maxLength=TEMPLATE_NAME_MAX)
]
Description = Annotated[str, limits("string", maxLength=DESCRIPTION_MAX)]
Category = Annotated[str, limits("string", maxLength=CATEGORY_MAX)]
Tag = Annotated[str, limits("string", minLength=1, maxLength=TAG_MAX)]
Name = Annotated[str, limits("string", minLength=NAME_MIN, maxLength=NAME_MAX)]
OwnDescription = Annotated[str, limits("string", maxLength=OWN_DESCRIPTION_MAX)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewTemplate(_Strict):
    """The body that creates a template from a namespace; null is the same as absent."""

    template_name: TemplateName
    description: Description | None = Field(
        None, description="The namespace's by default."
    )
    scope: Literal["organization", "user", "system"] | None = Field(
        None, description="`organization` by default; `system` is for platform admins."
    )
    category: Category | None = None
    tags: Annotated[list[Tag], Field(max_length=TAGS_MAX)] | None = None
    is_public: StrictBool | None = Field(None, description="Only false is supported.")


class Instantiation(_Strict):
    """The body that creates a namespace from a template."""

    namespace_name: Name = Field(description="Letters, digits, hyphens, underscores.")
    description: OwnDescription | None = Field(
        None, description="The template's by default."
    )


def parse_template(body: Any) -> NewTemplate:
    """Validate the body of a new template; raise Invalid with the errors by path."""
    template = validate(NewTemplate, body)
    template.template_name = _clean_line(
        template.template_name,
        path="template_name",
        title="name",
        longest=TEMPLATE_NAME_MAX,
    )
    if template.description is not None:
        template.description = clean_description(
            template.description, longest=DESCRIPTION_MAX
        )
    if template.category is not None:
        template.category = _clean_category(template.category)
    if template.tags is not None:
        template.tags = [
            _clean_line(tag, path=f"tags.{number}", title="tag", longest=TAG_MAX)
            for number, tag in enumerate(template.tags)
        ]
    if template.is_public:
        raise Invalid.at("is_public", "Public templates are not supported.")
    return template


def parse_instantiation(body: Any) -> Instantiation:
    """Validate the body of an instantiation; raise Invalid with the errors by path."""
    instantiation = validate(Instantiation, body)
    name = clean_name(instantiation.namespace_name, longest=NAME_MAX)
    if not _NAME_PATTERN.fullmatch(name):
        raise Invalid.at(
            "namespace_name",
            "The name may have only letters, digits, hyphens and underscores.",
        )
    instantiation.namespace_name = name
    if instantiation.description is not None:
        instantiation.description = clean_description(
            instantiation.description, longest=OWN_DESCRIPTION_MAX
        )
    return instantiation


def _clean_category(text: str) -> str:
    """Return the cleaned category; an empty one stands for none."""
    if not names.trimmed(text):
        return ""
    return _clean_line(text, path="category", title="category", longest=CATEGORY_MAX)


def _clean_line(text: str, *, path: str, title: str, longest: int) -> str:
    """Return a trimmed and normalized line of text.

    Raises Invalid at `path` for an empty text, several lines, or more than `longest`
    characters.
    """
    trimmed = names.trimmed(text)
    if not trimmed or "\n" in trimmed:
        raise Invalid.at(path, f"The {title} must be one line and not empty.")
    cleaned = names.clean(trimmed, at=path, what=title)
    if len(cleaned) > longest:
        message = names.too_long(longest, len(cleaned), f"The {title}")
        raise Invalid.at(path, message)
    return cleaned
