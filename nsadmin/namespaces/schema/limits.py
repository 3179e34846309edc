"""How much a namespace's fields may hold: the code and the API's document read these.

Sizes in characters unless said otherwise.
"""

from typing import Any

from pydantic import WithJsonSchema

NAME_MIN, NAME_MAX = 3, 64
DESCRIPTION_MAX = 2000
FIELD_NAME_MAX = 255
# All payload indexes of a namespace, the system's included.
MAX_INDEXES = 100
# A list that is sent may hold system indexes too, and what is in it twice.
MAX_SENT_INDEXES = 2 * MAX_INDEXES
# More than there are; what is registered already may be sent again.
MAX_EXTRACTORS = 100
# Of a text index: how long words are at least and at most.
TOKEN_LENGTH_MAX = 1000
URL_MAX = 255
GPU_TYPE_MAX = 64
API_KEY_MAX = 512


def limits(kind: str, **more: Any) -> WithJsonSchema:
    """Return what the document says of a field whose limits the code checks itself.

    Texts are measured once they are cleaned, so what is sent may be a little longer.
    """
    return WithJsonSchema({"type": kind, **more})
