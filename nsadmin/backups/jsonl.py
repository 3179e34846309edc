"""The format `jsonl` of `dumpdata` and `loaddata`, which loses nothing.

Django's own cuts times to milliseconds, and its XML drops the blanks around a text and
changes the ends of lines. The chain of the audit covers all of that.
"""

from datetime import datetime
from typing import Any

from django.core.serializers import jsonl
from django.core.serializers.json import DjangoJSONEncoder

Deserializer = jsonl.Deserializer


class WholeTimes(DjangoJSONEncoder):
    """Writes times to the microsecond."""

    def default(self, o: Any) -> Any:
        """Return what stands for a value that JSON does not know."""
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


class Serializer(jsonl.Serializer):
    """Writes each row as a line of JSON."""

    def start_serialization(self) -> None:
        """Prepare to write, with whole times."""
        self.options["cls"] = WholeTimes
        super().start_serialization()
