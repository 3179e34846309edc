"""Change streams of the embedded namespace store: waiting, losing and forgetting.

The server itself answers a reader of a change stream at once, with nothing, so a reader
would ask without end; it goes on after a token whose changes are gone as if there had
been none; and while nobody reads, it keeps a copy of every document that is written.
"""

import threading
import time
from typing import Any, Final

Stored = dict[str, Any]

_LOG: Final = "_neosqlite_changestream"
_GONE: Final = "_neosqlite_changestream_gone"
_REMEMBERING: Final = f"""
    CREATE TABLE IF NOT EXISTS {_GONE}
        (collection_name TEXT PRIMARY KEY, id INTEGER NOT NULL);
    CREATE TRIGGER IF NOT EXISTS {_GONE}_deleted AFTER DELETE ON {_LOG} BEGIN
        INSERT INTO {_GONE} VALUES (OLD.collection_name, OLD.id)
        ON CONFLICT (collection_name) DO UPDATE SET id = MAX(id, excluded.id);
    END;
"""  # noqa: S608
_KEPT: Final = 20_000
_TRIMMED_EACH: Final = 500
_DEFAULT_WAIT_S: Final = 1.0
# Each occupies one of the server's few threads.
_WAITING_AT_ONCE: Final = 3


class _Changes:
    """The writes of this process, for those who wait for one."""

    WRITES: Final = frozenset(
        {
            *("update", "delete", "findAndModify", "findandmodify", "bulkWrite"),
            *("drop", "dropDatabase"),
        }
    )

    def __init__(self) -> None:
        self.count = 0
        self._news = threading.Condition()
        self._seats = threading.BoundedSemaphore(_WAITING_AT_ONCE)

    def announce(self, handler: Any, database: str) -> None:
        """Wake those who wait; forget old changes from time to time."""
        with self._news:
            self.count += 1
            self._news.notify_all()
        if self.count % _TRIMMED_EACH == 0:
            self._trim(handler, database)

    def wait(self, seen: int, deadline: float) -> bool:
        """Wait until there are more writes than `seen`; False once it is too late."""
        if not self._seats.acquire(blocking=False):
            time.sleep(min(0.05, max(deadline - time.monotonic(), 0)))
            return time.monotonic() < deadline
        try:
            with self._news:
                left = deadline - time.monotonic()
                return self._news.wait_for(lambda: self.count != seen, max(left, 0))
        finally:
            self._seats.release()

    def deadline(self, handler: Any, command: Stored) -> float:
        """Until when a reader of a stream waits, 0 if this is something else."""
        number = command.get("getMore")
        streams = handler._change_stream_manager
        if number is None or not streams.get_stream(int(number)):
            return 0
        milliseconds = command.get("maxTimeMS")
        wait_s = _DEFAULT_WAIT_S if milliseconds is None else milliseconds / 1000
        return time.monotonic() + wait_s

    def lost(self, handler: Any, database: str, command: Stored) -> Stored | None:
        """The error for a reader who goes on where changes are gone, else None."""
        options = _options(command) or {}
        token = options.get("resumeAfter") or options.get("startAfter") or {}
        number = str(token.get("_data", "")).removeprefix("nx:")
        if not number.isdigit():
            return None
        with handler._lock_for(database):
            connection = handler.get_database(database)
            if _GONE not in _tables(connection):
                return None
            sql = f"SELECT id FROM {_GONE} WHERE collection_name = ?"  # noqa: S608
            row = connection.db.execute(sql, (command["aggregate"],)).fetchone()
        if row is None or row[0] <= int(number):
            return None
        return {
            "ok": 0,
            "code": 286,
            "codeName": "ChangeStreamHistoryLost",
            "errmsg": "The changes after this token are gone.",
        }

    def remember(self, handler: Any, database: str, command: Stored) -> None:
        """Note the newest change of each collection that is deleted, once one is read.

        The numbers of changes are those of all collections, so that a gap before the
        oldest change that is left of one collection says nothing.
        """
        if _options(command) is None:
            return
        with handler._lock_for(database):
            connection = handler.get_database(database)
            if connection.db.in_transaction or _LOG not in _tables(connection):
                return
            connection.db.executescript(_REMEMBERING)

    def _trim(self, handler: Any, database: str) -> None:
        """Delete old changes, unless somebody reads, who may be behind."""
        with handler._lock_for(database):
            manager = handler._change_stream_manager
            streams = list(manager._streams.values())
            connection = handler.get_database(database)
            is_read = any(stream.db_name == database for stream in streams)
            if (
                is_read
                or connection.db.in_transaction
                or _LOG not in _tables(connection)
            ):
                return
            newest = f"SELECT MAX(id) - ? FROM {_LOG}"  # noqa: S608
            sql = f"DELETE FROM {_LOG} WHERE id <= ({newest})"  # noqa: S608
            connection.db.execute(sql, (_KEPT,))


def _options(command: Stored) -> Stored | None:
    """Return the options of a change stream that is opened, None for anything else."""
    stages = command.get("pipeline") if "aggregate" in command else None
    if not isinstance(stages, list) or not stages or not isinstance(stages[0], dict):
        return None
    options = stages[0].get("$changeStream")
    return options if isinstance(options, dict) else None


def _tables(connection: Any) -> set[str]:
    names = connection.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {row[0] for row in names}


changes = _Changes()
