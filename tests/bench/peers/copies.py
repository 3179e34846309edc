"""Copies of a world's rows by statements in the database: how a large world is made.

A copy has ids, names, texts and times of its own, and a document that agrees with them
but for the times. Triggers and search index are left out meanwhile and made anew.
"""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Model, TextField, Value
from django.db.models.functions import Cast, Concat, Length, Replace, Right, Substr

from nsadmin.namespaces.listing.counting import triggers
from nsadmin.namespaces.models import LastLook, MirroredDocument, MirroredNamespace
from nsadmin.trigrams import install

# A copy was written earlier than what it was copied from, and expires earlier.
_EARLIER = timedelta(hours=6)
_TIMES = ("created_at", "updated_at", "expires_at")
_PREFIX = "ns_"
_TEXT = TextField()


def multiply(times: int) -> None:
    """Copy all rows until there are `times` as many; up to ten, and of 10,000 rows.

    The names of these end with their six digits, of which a copy changes the second.
    """
    with transaction.atomic():
        _forget()
        for turn in range(1, times):
            _copy(MirroredNamespace, _changed_row(turn))
            _copy(MirroredDocument, _changed_document(turn))
            _copy(LastLook, {"namespace_id": _key("namespace_id", turn)})
        # Otherwise PostgreSQL makes no index before it has checked the new rows.
        connection.check_constraints()
        install.install(using="default")
        triggers.install(using="default")


def _forget() -> None:
    """Drop the triggers, and the index that would follow each row."""
    install.remove(using="default", plan=[...])
    triggers.remove(using="default", plan=[...])
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX IF EXISTS search_trigrams")


def _copy(model: type[Model], changed: dict[str, Any]) -> None:
    """Insert what the first rows are with these columns changed."""
    fields = [f for f in model._meta.concrete_fields if not f.generated]
    named = {
        f"c{n}": changed.get(f.attname, F(f.attname)) for n, f in enumerate(fields)
    }
    key = "namespace_id"
    if model is MirroredDocument:
        key = "namespace__namespace_id"
    rows = model._base_manager.filter(**{f"{key}__startswith": _PREFIX})
    statement, values = rows.values_list(*named.values()).query.sql_with_params()
    columns = ", ".join(connection.ops.quote_name(f.column) for f in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({columns}) {statement}", values
        )


def _key(column: str, turn: int) -> Any:
    """The id of a copy; it does not begin as those do that are copied."""
    tail = Substr(column, len(_PREFIX) + 1, output_field=_TEXT)
    return Concat(Value(f"n{turn}_", _TEXT), tail, output_field=_TEXT)


def _renamed(column: str, turn: int) -> Any:
    head = Substr(column, 1, Length(column) - 6, output_field=_TEXT)
    digits = Value(f"0{turn}", _TEXT)
    return Concat(head, digits, _end(column, 4), output_field=_TEXT)


def _end(column: str, length: int) -> Any:
    return Right(column, length, output_field=_TEXT)


def _replaced(text: Any, old: Any, new: Any) -> Any:
    replaced: Any = Cast(old, _TEXT)
    return Replace(text, replaced, new, output_field=_TEXT)


def _changed_row(turn: int) -> dict[str, Any]:
    digits = Concat(Value(f"0{turn}", _TEXT), _end("name", 4), output_field=_TEXT)
    text = _replaced(F("search_text"), _end("name", 6), digits)
    key = _key("namespace_id", turn)
    values = {
        "namespace_id": key,
        "collection": _key("collection", turn),
        "name": _renamed("name", turn),
        "name_key": _renamed("name_key", turn),
        "search_text": _replaced(text, F("namespace_id"), key),
    }
    return values | {name: F(name) - turn * _EARLIER for name in _TIMES}


def _changed_document(turn: int) -> dict[str, Any]:
    key = _key("namespace_id", turn)
    text = _replaced(Cast("content", _TEXT), F("namespace_id"), key)
    name = "namespace__name"
    text = _replaced(text, F(name), _renamed(name, turn))
    return {"namespace_id": key, "content": text}
