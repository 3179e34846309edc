"""What of the demo is written, in rows beside the namespaces.

The namespaces are marked when all of them are there. Of the history each act is marked
when it begins: one that was cut off does not happen twice.
"""

from datetime import datetime
from typing import Final

from nsadmin.stores.mongo import connection
from nsadmin.stores.mongo.failures import translate_errors

_ROWS: Final = "demo"
_SEED: Final = {"_id": "seed"}
_HISTORY: Final = {"_id": "history"}


def has_namespaces() -> bool:
    """Tell whether all namespaces were written."""
    with translate_errors():
        return connection.collection(_ROWS).find_one(_SEED) is not None


def namespaces_written(now: datetime) -> None:
    """Note that all namespaces are written, and that the history begins."""
    rows = connection.collection(_ROWS)
    with translate_errors():
        rows.replace_one(_HISTORY, {**_HISTORY, "begun": []}, upsert=True)
        row = {**_SEED, "completed_at": now}
        rows.replace_one(_SEED, row, upsert=True)


def begun_acts() -> frozenset[str] | None:
    """Return the names of the acts that have begun; None once the history is over.

    A store that has no row of the history was filled before there were such rows.
    """
    with translate_errors():
        row = connection.collection(_ROWS).find_one(_HISTORY)
    if row is None or "completed_at" in row:
        return None
    return frozenset(row["begun"])


def act_begins(name: str) -> None:
    """Note that an act of the history begins."""
    with translate_errors():
        connection.collection(_ROWS).update_one(_HISTORY, {"$push": {"begun": name}})


def history_written(now: datetime) -> None:
    """Note that the history is over."""
    change = {"$set": {"completed_at": now}}
    with translate_errors():
        connection.collection(_ROWS).update_one(_HISTORY, change)
