"""The one shape of every error."""

from typing import Literal

from pydantic import BaseModel


class ValidationFault(BaseModel):
    """One error in a request: its place, its sentence and its kind."""

    location: str
    message: str
    type: str


class ErrorDetails(BaseModel, extra="allow"):
    """Data for programs; which keys there are depends on the error."""

    request_id: str | None
    validation_errors: list[ValidationFault] | None = None


class ErrorBody(BaseModel):
    """The error itself; `message` is a sentence for people."""

    message: str
    type: str
    code: str
    details: ErrorDetails


class ErrorEnvelope(BaseModel):
    """The one shape of every error."""

    success: Literal[False]
    status: int
    error: ErrorBody
