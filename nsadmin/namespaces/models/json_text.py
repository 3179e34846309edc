"""A JSON document kept as text."""

from typing import TYPE_CHECKING, Any

import orjson
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression

if TYPE_CHECKING:
    Field = models.Field[Any, Any]
else:
    Field = models.Field


class JSONTextField(Field):
    """A JSON object that is written and read as a whole.

    No database looks into it, so none has to parse it when it is written, which takes
    PostgreSQL longer than to store it.
    """

    def get_internal_type(self) -> str:
        """Return the kind of column."""
        return "TextField"

    def from_db_value(
        self, value: str | None, _expression: Expression, _in_use: BaseDatabaseWrapper
    ) -> Any:
        """Return the object of a stored text."""
        return self.to_python(value)

    def to_python(self, value: Any) -> Any:
        """Return the object of a text; another value as it is."""
        return orjson.loads(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        """Return the text of an object; expressions as they are."""
        is_object = isinstance(value, dict | list)
        return orjson.dumps(value).decode() if is_object else value

    def value_to_string(self, obj: models.Model) -> str:
        """Return the text for a serializer."""
        return str(self.get_prep_value(self.value_from_object(obj)))
