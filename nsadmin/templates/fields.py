"""What may be said of a template, and of a namespace that is made from one. Pure."""

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from nsadmin.errors import Invalid
from nsadmin.namespaces.fields import clean_description, clean_name, faults_of

NAME_MAX, TAG_MAX, TAGS_MAX = 50, 50, 20
_NAME = re.compile(r"[A-Za-z0-9_-]*")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewTemplate(_Strict):
    """The body that keeps a namespace's configuration; null is the same as absent."""

    template_name: Annotated[str, Field(min_length=1, max_length=100)]
    description: Annotated[str, Field(max_length=1000)] | None = Field(
        None, description="The namespace's by default."
    )
    scope: Literal["organization", "user", "system"] | None = Field(
        None, description="`organization` by default; `system` is for platform admins."
    )
    category: Annotated[str, Field(max_length=50)] | None = None
    tags: (
        Annotated[
            list[Annotated[str, Field(min_length=1, max_length=TAG_MAX)]],
            Field(max_length=TAGS_MAX),
        ]
        | None
    ) = None
    is_public: StrictBool | None = Field(None, description="Only false is offered.")


class Instantiation(_Strict):
    """The body that makes a namespace from a template."""

    namespace_name: str = Field(
        description="3 to 50 letters, digits, hyphens or underscores."
    )
    description: Annotated[str, Field(max_length=500)] | None = Field(
        None, description="The template's by default."
    )


_Body = TypeVar("_Body", bound=_Strict)


def parse_template(body: Any) -> NewTemplate:
    """Read the body of a new template, or raise Invalid with every fault."""
    wanted = _validated(NewTemplate, body)
    wanted.template_name = clean_description(wanted.template_name, at="template_name")
    if not wanted.template_name or "\n" in wanted.template_name:
        raise _refuse("template_name", "A name is one line and not empty.")
    if wanted.description is not None:
        wanted.description = clean_description(wanted.description)
    if wanted.category is not None:
        wanted.category = clean_description(wanted.category, at="category")
    for number, tag in enumerate(wanted.tags or []):
        clean_description(tag, at=f"tags.{number}")
    if wanted.is_public:
        raise _refuse("is_public", "Public templates are not offered.")
    return wanted


def parse_instantiation(body: Any) -> Instantiation:
    """Read the body of an instantiation, or raise Invalid with every fault."""
    wanted = _validated(Instantiation, body)
    name = clean_name(wanted.namespace_name, longest=NAME_MAX)
    if not _NAME.fullmatch(name):
        raise _refuse(
            "namespace_name", "The name has letters, digits, hyphens and underscores."
        )
    wanted.namespace_name = name
    if wanted.description is not None:
        wanted.description = clean_description(wanted.description)
    return wanted


def _validated(model: type[_Body], body: Any) -> _Body:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        faults = faults_of(error)
        path, sentences = next(iter(faults.items()))
        sentence = f"{path}: {sentences[0]}".lstrip(": ")
        raise Invalid(sentence, faults=faults) from None


def _refuse(at: str, sentence: str) -> Invalid:
    return Invalid(sentence, faults={at: [sentence]})
