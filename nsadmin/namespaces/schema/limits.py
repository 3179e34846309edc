"""Limits of a namespace's fields, for validation and the OpenAPI document. Pure.

Lengths are in characters unless stated otherwise.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, WithJsonSchema

NAME_MIN, NAME_MAX = 3, 64
# The published specification lets the name of a clone be shorter.
CLONE_NAME_MIN = 1
DESCRIPTION_MAX = 2000
FIELD_NAME_MAX = 255
# Payload indexes of a namespace, including those of the system.
MAX_INDEXES = 100
# A list in a request may repeat indexes and include those of the system.
MAX_SENT_INDEXES = 2 * MAX_INDEXES
# More than the registry has; registered extractors may be sent again.
MAX_EXTRACTORS = 100
# Upper bound of a text index's min_token_len and max_token_len.
TOKEN_LENGTH_MAX = 1000
URL_MAX = 255
GPU_TYPE_MAX = 64
API_KEY_MAX = 512


def limits(kind: str, **more: Any) -> WithJsonSchema:
    """Return the JSON schema of a field whose limits the code checks itself.

    Texts are measured after cleaning, so a request may send a slightly longer one.
    """
    return WithJsonSchema({"type": kind, **more})


class StrictModel(BaseModel):
    """The base of request bodies: no unknown keys, no conversion between types."""

    model_config = ConfigDict(extra="forbid", strict=True)
