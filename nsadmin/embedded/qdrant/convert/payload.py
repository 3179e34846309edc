"""Payloads of requests: any JSON object that can be read back."""

from typing import Any

from nsadmin.embedded.qdrant.convert.fields import Json, optional, required, typed
from nsadmin.embedded.qdrant.errors import malformed

# The engine stores deeper payloads and then fails to read them, and with them every
# page they are on. Its own parser gives up at 128.
MAX_DEPTH = 120


def payload_in(value: Any, name: str = "payload", *, below: int = 0) -> Json:
    """A payload that is not nested too deep, `below` levels under the root."""
    payload = typed(value, dict, name)
    _check_depth(payload, MAX_DEPTH - below)
    return payload


def payload_with_key(body: Json) -> tuple[Json, str | None]:
    """The payload of a change and the path of the part it is for."""
    key = optional(body, "key", str)
    steps = 0 if key is None else key.count(".") + key.count("[") + 1
    return payload_in(required(body, "payload", dict), below=steps), key


def _check_depth(value: Json | list[Any], room: int) -> None:
    if room < 0:
        raise malformed("recursion limit exceeded")
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, (dict, list)):
            _check_depth(item, room - 1)
