"""What may be said of a template, and of a namespace that is made from one. Pure."""

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
# Of a namespace that is made from a template.
NAME_MAX, OWN_DESCRIPTION_MAX = 50, 500
_NAME = re.compile(r"[A-Za-z0-9_-]*")

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
    """The body that keeps a namespace's configuration; null is the same as absent."""

    template_name: TemplateName
    description: Description | None = Field(
        None, description="The namespace's by default."
    )
    scope: Literal["organization", "user", "system"] | None = Field(
        None, description="`organization` by default; `system` is for platform admins."
    )
    category: Category | None = None
    tags: Annotated[list[Tag], Field(max_length=TAGS_MAX)] | None = None
    is_public: StrictBool | None = Field(None, description="Only false is offered.")


class Instantiation(_Strict):
    """The body that makes a namespace from a template."""

    namespace_name: Name = Field(description="Letters, digits, hyphens, underscores.")
    description: OwnDescription | None = Field(
        None, description="The template's by default."
    )


def parse_template(body: Any) -> NewTemplate:
    """Read the body of a new template, or raise Invalid with every fault of shape."""
    wanted = validate(NewTemplate, body)
    wanted.template_name = _line(
        wanted.template_name, "template_name", TEMPLATE_NAME_MAX, "name"
    )
    if wanted.description is not None:
        wanted.description = clean_description(
            wanted.description, longest=DESCRIPTION_MAX
        )
    if wanted.category is not None:
        # An empty one is none.
        wanted.category = names.trimmed(wanted.category) and _line(
            wanted.category, "category", CATEGORY_MAX, "category"
        )
    if wanted.tags is not None:
        wanted.tags = [
            _line(tag, f"tags.{number}", TAG_MAX, "tag")
            for number, tag in enumerate(wanted.tags)
        ]
    if wanted.is_public:
        raise Invalid.at("is_public", "Public templates are not offered.")
    return wanted


def parse_instantiation(body: Any) -> Instantiation:
    """Read the body of an instantiation, or raise Invalid with every fault of shape."""
    wanted = validate(Instantiation, body)
    name = clean_name(wanted.namespace_name, longest=NAME_MAX)
    if not _NAME.fullmatch(name):
        raise Invalid.at(
            "namespace_name", "The name has letters, digits, hyphens and underscores."
        )
    wanted.namespace_name = name
    if wanted.description is not None:
        wanted.description = clean_description(
            wanted.description, longest=OWN_DESCRIPTION_MAX
        )
    return wanted


def _line(text: str, at: str, longest: int, what: str) -> str:
    """Return it trimmed; raise Invalid unless it is a name of at most that length."""
    stripped = names.trimmed(text)
    if not stripped or "\n" in stripped:
        raise Invalid.at(at, f"A {what} is one line and not empty.")
    cleaned = names.clean(stripped, at=at, what=what)
    if len(cleaned) > longest:
        raise Invalid.at(
            at,
            names.too_long(longest, len(cleaned), f"The {what}"),
        )
    return cleaned
