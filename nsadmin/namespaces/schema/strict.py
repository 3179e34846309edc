"""The base class of request bodies. Pure."""

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """A model that refuses unknown keys and does not convert between types."""

    model_config = ConfigDict(extra="forbid", strict=True)
