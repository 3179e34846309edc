"""The program of the embedded namespace store: nx-27017 with corrections.

    python -m nsadmin.embedded.servers.mongodb_server --data-dir DIR --port N …

Its arguments are those of nx-27017. Each correction below is for something that a
MongoDB does and that this version answers wrongly and in silence; the suite in
`tests/contract/namespace_store` holds them. The version is pinned.
"""

import inspect
import logging
from datetime import datetime
from typing import Any

from neosqlite.collection.index_manager import (  # type: ignore[import-untyped]
    IndexManager,
)
from neosqlite.collection.json_helpers import (  # type: ignore[import-untyped]
    NeoSQLiteJSONEncoder,
    neosqlite_json_dumps,
)
from neosqlite.collection.query_helper import (  # type: ignore[import-untyped]
    QueryHelper,
)
from neosqlite.collection.query_helper.utils import (  # type: ignore[import-untyped]
    _convert_bytes_to_binary,
)
from neosqlite.collection.sql_tier_aggregator import (  # type: ignore[import-untyped]
    SQLTierAggregator,
)
from neosqlite.collection.sql_translator_unified import (  # type: ignore[import-untyped]
    SQLOperatorTranslator,
)
from neosqlite.objectid import ObjectId  # type: ignore[import-untyped]
from neosqlite.sql_utils import quote_table_name  # type: ignore[import-untyped]
from nx_27017.changestream import (  # type: ignore[import-untyped]
    ChangeStreamManager,
)
from nx_27017.handler import (  # type: ignore[import-untyped]
    NeoSQLiteHandler,
    _msg_db_name,
)
from nx_27017.nx_27017 import main  # type: ignore[import-untyped]

from nsadmin.embedded.servers import mongodb_reading
from nsadmin.embedded.servers.mongodb_changes import changes, prune_rarely

Translated = tuple[str | None, list[Any]]

WHOLE_SECONDS = "datetime("
MILLISECONDS = "strftime('%Y-%m-%dT%H:%M:%f', "

translate = SQLOperatorTranslator.translate_operator
create_index = IndexManager.create_index
can_optimize = SQLTierAggregator.can_optimize_pipeline
encode_others = NeoSQLiteJSONEncoder.default
answer = NeoSQLiteHandler.handle_command
answer_insert = NeoSQLiteHandler.handle_insert


def compare_dates_exactly(
    self: SQLOperatorTranslator, field: str, operator: str, value: Any
) -> Translated:
    """Compare dates by the millisecond; by the second, a lost race looks won."""
    if operator == "$in" and _all_dates(value):
        parts = [compare_dates_exactly(self, field, "$eq", date) for date in value]
        sentence = " OR ".join(str(sql) for sql, _ in parts)
        return f"({sentence})", [date for _, dates in parts for date in dates]
    sql, parameters = translate(self, field, operator, value)
    end = f"{WHOLE_SECONDS}?)"
    if sql and sql.startswith(WHOLE_SECONDS) and sql.endswith(end):
        inner = sql.removeprefix(WHOLE_SECONDS).removesuffix(end)
        sql = f"{MILLISECONDS}{inner}{MILLISECONDS}?)"
    return sql, parameters


def aggregate_dates_in_python(
    self: SQLTierAggregator, pipeline: list[dict[str, Any]]
) -> bool:
    """Refuse pipelines with dates in SQL, where they are compared with other types."""
    return not _holds_date(pipeline) and bool(can_optimize(self, pipeline))


def update_in_python(*_args: Any, **_kwargs: Any) -> bool:
    """Refuse updates in SQL, which turn a date or a pushed document into text."""
    return False


def create_index_without_id(
    self: IndexManager, key: Any, *args: Any, **kwargs: Any
) -> str:
    """Leave `_id` out of compound indexes: one that names it fails every insert.

    It is unique in itself, so the index loses nothing but the order within equal keys.
    """
    call = inspect.signature(create_index).bind(self, key, *args, **kwargs)
    if isinstance(key, list) and len(key) > 1:
        call.arguments["key"] = [field for field in key if field[0] != "_id"]
        if len(call.arguments["key"]) < len(key):
            call.arguments["unique"] = False
    return str(create_index(*call.args, **call.kwargs))


def encode(self: NeoSQLiteJSONEncoder, value: Any) -> Any:
    """Write all dates in one length: they are sorted as bytes, the shorter first."""
    if isinstance(value, datetime):
        return {"$date": value.isoformat(timespec="milliseconds")}
    return encode_others(self, value)


def insert(self: QueryHelper, document: dict[str, Any]) -> Any:
    """Insert a document without a deep copy of it: it was read for this alone."""
    if document.get("_id") is None:
        document["_id"] = ObjectId()
    text = neosqlite_json_dumps(_convert_bytes_to_binary(document))
    if not self._validate_json_document(text):
        raise ValueError("This document has a number that JSON has not.")
    table = quote_table_name(self.collection.name)
    self.collection.db.execute(
        f"INSERT INTO {table}(data, _id) VALUES (?, ?)",  # noqa: S608
        (text, str(document["_id"])),
    )
    return document["_id"]


def insert_at_once(
    self: NeoSQLiteHandler, message: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    """Insert the documents of one command in one transaction, which is one `fsync`."""
    name = _database_of(message)
    with self._lock_for(name):
        database = self.get_database(name)
        if database.db.in_transaction:
            return _answered(answer_insert(self, message))
        # How safely a transaction is written cannot be set within it.
        concern = _command_of(message).get("writeConcern")
        self._apply_write_concern(database, name, concern)
        database.db.execute("BEGIN IMMEDIATE")
        try:
            found = _answered(answer_insert(self, message))
        except BaseException:
            database.db.execute("ROLLBACK")
            raise
        database.db.execute("COMMIT")
    changes.announce(self, name)
    return found


def answer_quickly(
    self: NeoSQLiteHandler, message: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    """Answer reads and change streams in better ways than the server's."""
    command = _command_of(message)
    name = _database_of(message)
    with self._lock_for(name):
        own = mongodb_reading.read(self, command, message.get("_conn_id"))
    own = own or changes.lost(self, name, command)
    if own is not None:
        return message["request_id"], own
    own = changes.answer(self, command, lambda: _asked(self, message, command))
    if own is not None:
        return message["request_id"], own
    found = _answered(answer(self, message))
    changes.remember(self, name, command)
    if changes.WRITES & command.keys():
        changes.announce(self, name)
    return found


def _asked(
    self: NeoSQLiteHandler, message: dict[str, Any], command: dict[str, Any]
) -> dict[str, Any]:
    """Have the server answer a command, which it may be asked again."""
    again = {**message, "sections": [("body", dict(command))]}
    return _answered(answer(self, again))[1]


def _command_of(message: dict[str, Any]) -> dict[str, Any]:
    bodies = [part for kind, part in message["sections"] if kind == "body"]
    return dict(bodies[0]) if bodies else {}


def _database_of(message: dict[str, Any]) -> str:
    return str(_msg_db_name(message))


def _answered(found: Any) -> tuple[int, dict[str, Any]]:
    request, document = found
    return int(request), dict(document)


def _all_dates(values: Any) -> bool:
    return (
        isinstance(values, list)
        and bool(values)
        and all(isinstance(value, datetime) for value in values)
    )


def _holds_date(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return any(map(_holds_date, value))
    return isinstance(value, datetime)


def correct() -> None:
    """Put the corrections in place."""
    SQLOperatorTranslator.translate_operator = compare_dates_exactly
    SQLTierAggregator.can_optimize_pipeline = aggregate_dates_in_python
    QueryHelper._can_use_sql_updates = update_in_python
    IndexManager.create_index = create_index_without_id
    NeoSQLiteJSONEncoder.default = encode
    QueryHelper._internal_insert = insert
    ChangeStreamManager._prune = prune_rarely
    NeoSQLiteHandler.handle_insert = insert_at_once
    NeoSQLiteHandler.handle_command = answer_quickly
    # It would log every command with its documents; this call comes before its own.
    logging.basicConfig(level=logging.WARNING)


if __name__ == "__main__":
    correct()
    main()
