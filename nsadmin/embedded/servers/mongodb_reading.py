"""Finding in the embedded namespace store: in batches, and in SQL where it can be.

The server itself loads and converts every found document before it answers with the
first, compares `_id` ranges and projects in Python, and takes a slow way for dates.
This module answers what the application asks; anything else is left to the server.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from bson import encode
from bson.raw_bson import RawBSONDocument
from neosqlite.collection.json_path_utils import (  # type: ignore[import-untyped]
    parse_json_path,
)
from neosqlite.collection.jsonb_support import (  # type: ignore[import-untyped]
    json_data_column,
)
from neosqlite.sql_utils import quote_table_name  # type: ignore[import-untyped]
from nx_27017.utils import (  # type: ignore[import-untyped]
    convert_bson_to_neo_objectids,
    convert_neo_to_bson_objectids,
)

Stored = dict[str, Any]
Clause = tuple[str, list[Any]]

_RANGES: Final = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_UNDERSTOOD: Final = frozenset(
    {
        *("find", "filter", "projection", "sort", "limit", "skip", "batchSize"),
        *("singleBatch", "lsid", "$db", "$readPreference", "maxTimeMS", "comment"),
        *("$clusterTime", "readConcern"),
    }
)
# A stored date, but for its text; and the digits of a number that surely has 64 bits.
_DATE_BEFORE: Final = '{"$date":"'
_DATE_AFTER: Final = '"}'
_DIGITS: Final = 18
# Row numbers in one statement.
_AT_ONCE: Final = 500


def read(handler: Any, command: Stored, owner: Any) -> Stored | None:
    """Answer a command that finds or counts; None to leave it to the server."""
    if "find" in command:
        return find(handler, command, owner)
    return count(handler, command) if "aggregate" in command else None


def find(handler: Any, command: Stored, owner: Any) -> Stored | None:
    """Answer a find; None to leave it to the server."""
    database, name = str(command.get("$db", "test")), command["find"]
    if not _UNDERSTOOD.issuperset(command) or handler._is_gridfs_collection(name):
        return None
    connection = handler.get_database(database)
    if connection.db.in_transaction or name not in connection.list_collection_names():
        return None
    collection = connection[name]
    where = where_clause(collection, command.get("filter") or {})
    if where is None:
        return None
    table = Table(collection, _projected(command.get("projection") or {}))
    rows = Rows(table, table.numbers(where, command))
    limit, size = command.get("limit") or 0, handler._first_batch_size(command)
    if limit < 0 or command.get("singleBatch"):
        size = max(abs(limit), 1)
    space = f"{database}.{name}"
    first, cursor = handler._split_first_batch(rows, size, space, database, owner=owner)
    return {"ok": 1, "cursor": {"id": cursor, "ns": space, "firstBatch": first}}


def count(handler: Any, command: Stored) -> Stored | None:
    """Answer a pipeline that counts what matches; None to leave it to the server."""
    database, name = str(command.get("$db", "test")), command["aggregate"]
    stages = list(command.get("pipeline") or ())
    match = stages.pop(0)["$match"] if stages and "$match" in stages[0] else {}
    fields = _counting(stages)
    connection = handler.get_database(database)
    if fields is None or connection.db.in_transaction:
        return None
    if name not in connection.list_collection_names():
        return None
    collection = connection[name]
    where = where_clause(collection, match)
    if where is None:
        return None
    wanted = f" WHERE {where[0]}" if where[0] else ""
    sql = f"SELECT COUNT(*) FROM {quote_table_name(name)}{wanted}"  # noqa: S608
    number = collection.db.execute(sql, where[1]).fetchone()[0]
    first = [{**fields[0], fields[1]: number}] if number else []
    return {
        "ok": 1,
        "cursor": {"id": 0, "ns": f"{database}.{name}", "firstBatch": first},
    }


def _counting(stages: Sequence[Any]) -> tuple[Stored, str] | None:
    """The fields beside the number, and its name; None if no stage counts alone."""
    match stages:
        case [{"$count": str(name)}]:
            return {}, name
        case [{"$group": {"_id": int(key), "n": {"$sum": 1}, **rest}}] if not rest:
            return {"_id": key}, "n"
    return None


def where_clause(collection: Any, condition: Stored) -> Clause | None:
    """The condition in SQL; None if it cannot be told in SQL, or not exactly."""
    if any(key in ("$text", "$expr", "$where", "$jsonSchema") for key in condition):
        return None
    plain, clauses, values = {}, [], []
    for field, value in condition.items():
        found = _none_of(value) or _range(collection, field, value)
        if found is None:
            plain[field] = _equal_text(value)
        else:
            clauses.append(found[0])
            values += found[1]
    helpers = collection.query_engine.helpers
    if collection.find(plain)._contains_datetime_operations(plain):
        return None
    built = helpers._build_simple_where_clause(convert_bson_to_neo_objectids(plain))
    if built is None or built[2]:
        return None
    if built[0]:
        clauses.append(built[0].removeprefix("WHERE "))
        values += built[1]
    return " AND ".join(clauses), values


def _equal_text(value: Any) -> Any:
    """A text for the condition that equals it and is text, as a partial index needs."""
    if isinstance(value, dict) and value.keys() == {"$eq", "$type"}:
        is_text = value["$type"] == "string" and isinstance(value["$eq"], str)
        return value["$eq"] if is_text else value
    return value


def _none_of(value: Any) -> Clause | None:
    """The condition that nothing meets; the server reads all documents for it."""
    return ("0", []) if value == {"$in": []} else None


def _range(collection: Any, field: str, value: Any) -> Clause | None:
    """A range of text ids, or of dates; None for anything else."""
    if not isinstance(value, dict) or not value or not _RANGES.keys() >= value.keys():
        return None
    limits = list(value.values())
    table = quote_table_name(collection.name)
    if field == "_id" and all(isinstance(limit, str) for limit in limits):
        return _id_range(collection, table, value)
    if all(isinstance(limit, datetime) for limit in limits):
        path = parse_json_path(field)
        here = f"jsonb_extract(data, '{path}')"
        parts = [f"json_type(data, '{path}.\"$date\"') = 'text'"]
        parts += [f"{here} {_RANGES[operator]} jsonb(?)" for operator in value]
        return " AND ".join(parts), [_date(limit) for limit in limits]
    return None


def _id_range(collection: Any, table: str, value: Stored) -> Clause | None:
    """A range of text ids, unless ids that look like numbers are stored as such."""
    odd = f"SELECT 1 FROM {table} WHERE _id < '' LIMIT 1"  # noqa: S608
    if collection.db.execute(odd).fetchone():
        return None
    # An ObjectId is text too in its column, and it is 24 characters long.
    parts = ["(length(_id) <> 24 OR json_type(data, '$._id') = 'text')"]
    parts += [f"{table}._id {_RANGES[operator]} ?" for operator in value]
    return " AND ".join(parts), list(value.values())


def _date(value: datetime) -> str:
    return json.dumps({"$date": value.isoformat(timespec="milliseconds")})


def _projected(projection: Mapping[str, Any]) -> tuple[str, ...] | Mapping[str, Any]:
    """The keys to read, `_id` among them, or the projection if that is not all."""
    is_plain = projection and all(
        value in (1, True) and key.replace("_", "a").isalnum()
        for key, value in projection.items()
    )
    return tuple({"_id": 1, **projection}) if is_plain else projection


def _plain(parts: Mapping[str, str]) -> Stored | None:
    """The values of these JSON texts; None if one needs the server's own reading.

    Its reading calls a function for each object, and takes ten times as long.
    """
    try:
        found = {key: _plain_value(part) for key, part in parts.items()}
    except ValueError:
        return None
    return found if isinstance(found.get("_id"), str) else None


def _plain_value(part: str) -> str | int | datetime:
    """A text, a natural number or a date; ValueError for anything else."""
    if part.startswith(_DATE_BEFORE) and part.endswith(_DATE_AFTER):
        return datetime.fromisoformat(part[len(_DATE_BEFORE) : -len(_DATE_AFTER)])
    if part.startswith('"'):
        return str(orjson.loads(part))
    if part.isdecimal() and part.isascii() and len(part) <= _DIGITS:
        return int(part)
    raise ValueError(part)


@dataclass(frozen=True)
class Table:
    """The rows of a collection; `projection` is that of `_projected`."""

    collection: Any
    projection: tuple[str, ...] | Mapping[str, Any]

    def numbers(self, where: Clause, command: Stored) -> list[int]:
        """The numbers of the rows that are found, in their order."""
        clause, values = where
        helpers = self.collection.query_engine.helpers
        order = helpers._build_sort_clause(dict(command.get("sort") or {}), None)
        limit, skip = abs(command.get("limit") or 0), command.get("skip") or 0
        page = helpers._build_pagination_clause(limit or None, skip)
        name = quote_table_name(self.collection.name)
        wanted = f" WHERE {clause}" if clause else ""
        sql = f"SELECT id FROM {name}{wanted}{order}{page}"  # noqa: S608
        return [row[0] for row in self.collection.db.execute(sql, values)]

    def load(self, numbers: Sequence[int]) -> list[RawBSONDocument]:
        """The documents of these rows, in this order; deleted ones are left out."""
        found: dict[int, RawBSONDocument] = {}
        for start in range(0, len(numbers), _AT_ONCE):
            for row in self._rows(numbers[start : start + _AT_ONCE]):
                found[row[0]] = self._document(row)
        return [found[number] for number in numbers if number in found]

    def _rows(self, numbers: Sequence[int]) -> list[Any]:
        if isinstance(self.projection, tuple):
            columns = ", ".join(f"data -> '$.\"{key}\"'" for key in self.projection)
        else:
            columns = json_data_column(jsonb_supported=True)
        name = quote_table_name(self.collection.name)
        listed = ",".join(map(str, numbers))
        sql = f"SELECT id, _id, {columns} FROM {name} WHERE id IN ({listed})"  # noqa: S608
        return list(self.collection.db.execute(sql))

    def _document(self, row: Sequence[Any]) -> RawBSONDocument:
        text = row[2]
        if isinstance(self.projection, tuple):
            pairs = zip(self.projection, row[2:], strict=True)
            parts = {key: part for key, part in pairs if part is not None}
            plain = _plain(parts)
            if plain is not None:
                return RawBSONDocument(encode(plain))
            text = ",".join(f'"{key}":{part}' for key, part in parts.items())
            text = f"{{{text}}}"
        document = self.collection._load_with_stored_id(row[0], text, row[1])
        if not isinstance(self.projection, tuple) and self.projection:
            helpers = self.collection.query_engine.helpers
            document = helpers._apply_projection(self.projection, document)
        if "__neosqlite_" in text or not isinstance(document.get("_id"), str):
            document = convert_neo_to_bson_objectids(document)
        return RawBSONDocument(encode(document))


class Rows:
    """The rows of one find, loaded when the server slices them like a list."""

    def __init__(
        self,
        table: Table,
        numbers: Sequence[int],
        ahead: Sequence[RawBSONDocument] = (),
    ) -> None:
        self._table = table
        self._numbers = numbers
        self._ahead = list(ahead)

    def __len__(self) -> int:
        return len(self._ahead) + len(self._numbers)

    def __getitem__(self, part: slice) -> "list[RawBSONDocument] | Rows":
        """Load the first ones of a slice that has an end, else leave them out."""
        if part.stop is None:
            start = part.start or 0
            rest = self._numbers[max(start - len(self._ahead), 0) :]
            return Rows(self._table, rest, self._ahead[start:])
        wanted = max(part.stop - len(self._ahead), 0)
        loaded = self._table.load(self._numbers[:wanted])
        return [*self._ahead[: part.stop], *loaded]

    def __radd__(self, ahead: list[RawBSONDocument]) -> "Rows":
        """The same rows after documents that were loaded and not sent yet."""
        return Rows(self._table, self._numbers, [*ahead, *self._ahead])
