"""Saved views of the list of namespaces in requests and answers."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field
from pydantic import StrictBool as Bool

from nsadmin.namespaces.models.saved_views import ADDRESS_MAX, VIEW_NAME_MAX, SavedView
from nsadmin.namespaces.schema.limits import StrictModel

ViewName = Annotated[str, Field(min_length=1, max_length=VIEW_NAME_MAX)]


class NewView(StrictModel):
    """A list to keep under a name; a view that has the name is replaced."""

    name: ViewName
    query: Annotated[str, Field(max_length=ADDRESS_MAX)] = Field(
        "",
        description=(
            "The query of the list's page, such as `tier=shared&sort=name`: filters, "
            "search, order, columns and rows. Other keys are left out."
        ),
    )
    is_default: Bool = Field(
        default=False, description="Whether the list's page opens with it."
    )


class ViewChange(StrictModel):
    """What of a view is changed; null is the same as absent."""

    name: ViewName | None = None
    is_default: Bool | None = None


class ViewModel(BaseModel):
    """A list of namespaces that a person keeps by name."""

    view_id: str
    view_url: str = Field(description="The address of the list as the view keeps it.")
    name: str
    query: str
    is_default: bool
    created_at: datetime

    @classmethod
    def of(cls, view: SavedView, *, url: str) -> Self:
        """Return a view."""
        return cls.model_construct(
            view_id=view.view_id,
            view_url=url,
            name=view.name,
            query=view.address,
            is_default=view.is_default,
            created_at=view.created_at,
        )
