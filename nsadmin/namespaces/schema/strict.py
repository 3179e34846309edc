"""The base of the models of a request's body. Pure."""

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """Unknown keys are refused; strings are not turned into numbers or back."""

    model_config = ConfigDict(extra="forbid", strict=True)
