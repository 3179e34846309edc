"""Change streams of the embedded namespace store: waiting, losing and forgetting.

The server itself answers a reader of a change stream at once, with nothing, so a reader
would ask without end; it goes on after a token whose changes are gone as if there had
been none; and while nobody reads, it keeps a copy of every document that is written.
Its log has no index by collection, so a reader of a quiet collection would read the
changes of all others at each question.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from nx_27017.changestream import (  # type: ignore[import-untyped]
    ChangeStreamManager,
)

Stored = dict[str, Any]
Ask = Callable[[], Stored]

_LOG: Final = "_neosqlite_changestream"
_GONE: Final = "_neosqlite_changestream_gone"
_REMEMBERING: Final = f"""
    CREATE INDEX IF NOT EXISTS {_LOG}_by_collection ON {_LOG} (collection_name, id);
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

prune = ChangeStreamManager._prune
# A stream without news is read again after this long: some writes are not announced.
_UNANNOUNCED_S: Final = 5.0
# The log is rid of what all have read after so many changes; it keeps 1,000 anyway.
_PRUNED_EACH: Final = 100
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

    def answer(self, handler: Any, command: Stored, ask: Ask) -> Stored | None:
        """Answer a reader of a stream once there is a change, or its time is over.

        None if the command is something else. `ask` has the server answer it.
        """
        number = command.get("getMore")
        if number is None:
            return None
        stream = handler._change_stream_manager.get_stream(int(number))
        if stream is None:
            return None
        milliseconds = command.get("maxTimeMS")
        wait_s = _DEFAULT_WAIT_S if milliseconds is None else milliseconds / 1000
        deadline = time.monotonic() + wait_s
        while True:
            # Counted before the question: what is written during it is asked for again.
            seen, place = self.count, stream._watermark
            if self._may_have_news(stream):
                found = ask()
                if found.get("cursor", {}).get("nextBatch") != []:
                    return found
                if stream._watermark == place:  # else it had some that are filtered out
                    stream.nsadmin_quiet = (seen, time.monotonic())
            if not self.wait(seen, deadline):
                return _nothing(stream)

    def _may_have_news(self, stream: Any) -> bool:
        """Tell whether a stream may have changes since it was found to have none."""
        seen, at = getattr(stream, "nsadmin_quiet", (-1, 0.0))
        return seen != self.count or time.monotonic() - at > _UNANNOUNCED_S

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


def prune_rarely(self: ChangeStreamManager, database: str, collection: str) -> None:
    """Delete what all have read, but not at each question: it reads the whole log."""
    marks = [
        stream._watermark
        for stream in list(self._streams.values())
        if (stream.db_name, stream.collection_name) == (database, collection)
    ]
    known = self.__dict__.setdefault("nsadmin_pruned", {})
    floor = min(marks, default=0)
    if floor - known.get((database, collection), 0) >= _PRUNED_EACH:
        known[database, collection] = floor
        prune(self, database, collection)


def _nothing(stream: Any) -> Stored:
    """The answer of a stream without changes."""
    return {
        "ok": 1,
        "cursor": {
            "id": stream._id,
            "ns": f"{stream.db_name}.{stream.collection_name}",
            "nextBatch": [],
            "postBatchResumeToken": stream.get_resume_token(),
        },
    }


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
