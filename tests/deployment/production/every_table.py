"""A row for every table; `nsadmin shell` of an installation runs this file.

It prints the tables that got rows from the database, by `migrate` or a trigger, as JSON.
"""

import json
from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import models
from django.utils import timezone

from nsadmin.audit import record
from nsadmin.audit.models import Outcome

MODELS = apps.get_models(include_auto_created=True)
# What a format for texts and lines may lose: blanks, ends of lines, control characters.
TEXT = " \r\n\x01“é”\u2028 <a>\r\nlast "
VALUES: dict[type["models.Field[Any, Any]"], Callable[[], Any]] = {
    models.JSONField: lambda: {TEXT: [TEXT, 0.1, None, True]},
    models.DateTimeField: timezone.now,
    models.BooleanField: lambda: True,
    models.IntegerField: lambda: 7,
    models.FloatField: lambda: 0.1,
    models.BinaryField: lambda: b"\x00\xff",
    models.UUIDField: uuid4,
    models.GenericIPAddressField: lambda: "198.51.100.7",
}
NUMBERS = count(1)
FILLED: set[str] = set()


def counts() -> dict[str, int]:
    """The number of rows of each table."""
    return {one._meta.label_lower: one._base_manager.count() for one in MODELS}


def audit() -> None:
    """Two chained entries for each of two operations."""
    for error in ("", TEXT):
        event = record.attempt(
            op_id=record.new_op_id(),
            action="namespace.update",
            summary=TEXT,
            actor=record.RecordedActor("command", "1", TEXT),
            organization_id="org_moved",
            changes=[{"field": "description", "before": None, "after": TEXT}],
        )
        record.close(event.op_id, Outcome.FAILED, error=error)


def row(model: type[models.Model]) -> models.Model:
    """The first row of a table, made if there is none."""
    if found := model._base_manager.first():
        return found
    values = {one.name: value(one) for one in model._meta.fields if is_needed(one)}
    before = counts()
    made = model._base_manager.create(**values)
    grown = {label for label, number in counts().items() if number > before[label]}
    FILLED.update(grown - {model._meta.label_lower})
    return made


def is_needed(field: "models.Field[Any, Any]") -> bool:
    """Whether a row cannot be made without a value of its own."""
    given = field.has_default() or field.has_db_default() or field.generated
    return not (given or field.null or isinstance(field, models.AutoField))


def value(field: "models.Field[Any, Any]") -> Any:
    """A value that the field takes, another one each time for a text."""
    if isinstance(field, models.ForeignKey):
        return row(field.related_model)
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, models.CharField | models.TextField):
        return f" {next(NUMBERS)}{TEXT}"[: field.max_length]
    for kind, make in VALUES.items():
        if isinstance(field, kind):
            return make()
    raise TypeError(f"This file knows no value for {field!r}.")


FILLED.update(label for label, number in counts().items() if number)
audit()
for each in MODELS:
    row(each)
print(json.dumps(sorted(FILLED)))
