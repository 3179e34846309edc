"""The parts of a document about a move between clusters. Pure.

`move` is there while a job moves the namespace, with the infrastructure that it will
have. `fallback` describes the collection that the last move left behind, which is kept
for some days; `retired_fallbacks` has older ones, which are to be deleted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import SECRET_KEYS
from nsadmin.namespaces.schema.reader import Reader

MOVE, FALLBACK, RETIRED = "move", "fallback", "retired_fallbacks"
# In an entry of those left behind: nothing moves there any more.
DROPPING = "dropping"
# While it is in the future, the programs of the platform write nothing.
PAUSED_UNTIL = "writes_paused_until"
# Metadata keys of a collection: the move that fills it, the one that left it behind.
MOVING, MOVED = "nsadmin_move", "nsadmin_moved"


@dataclass(frozen=True, slots=True)
class Move:
    """A move that a job carries out.

    `infrastructure` is the one that the namespace gets, with the sealed key; `before`
    the one it had when the move was accepted, without secrets. One that `is_ending`
    has failed and is taken back.
    """

    task_id: str
    pauses_writes: bool
    infrastructure: Raw
    before: Raw
    is_ending: bool


@dataclass(frozen=True, slots=True)
class Fallback:
    """A collection that a move left behind, with the infrastructure that reaches it.

    `since` is the moment of the switch. One that `is_dropping` is being deleted, or
    will be once its cluster answers.
    """

    task_id: str
    until: datetime | None
    infrastructure: Raw
    is_dropping: bool = False
    since: datetime | None = None


def move_of(namespace: Namespace) -> Move | None:
    """Return the running move; None if there is none, or one that cannot be read."""
    stored = namespace.raw.get(MOVE)
    if not isinstance(stored, Mapping) or not isinstance(stored.get("task_id"), str):
        return None
    return Move(
        task_id=stored["task_id"],
        pauses_writes=stored.get("pause") is True,
        infrastructure=_object(stored.get("infrastructure")),
        before=_object(stored.get("from")),
        is_ending=stored.get("ending") is True,
    )


def fallback_of(namespace: Namespace) -> Fallback | None:
    """Return what the last move left behind; None if it is gone already."""
    return _fallback(namespace.raw.get(FALLBACK))


def retired_of(namespace: Namespace) -> list[Fallback]:
    """Return what earlier moves left behind and is not deleted yet."""
    stored = namespace.raw.get(RETIRED)
    entries = stored if isinstance(stored, list) else []
    return [found for entry in entries if (found := _fallback(entry)) is not None]


def left_behind(namespace: Namespace) -> list[Fallback]:
    """Return all that moves have left behind, the latest first."""
    last = fallback_of(namespace)
    return [*([last] if last else []), *reversed(retired_of(namespace))]


def paused_until(namespace: Namespace) -> datetime | None:
    """Return until when a move has asked programs not to write; None if none has."""
    return Reader().date(dict(namespace.raw), PAUSED_UNTIL)


def _fallback(stored: object) -> Fallback | None:
    if not isinstance(stored, Mapping) or not isinstance(stored.get("task_id"), str):
        return None
    return Fallback(
        task_id=stored["task_id"],
        until=Reader().date(dict(stored), "until"),
        infrastructure=_object(stored.get("infrastructure")),
        is_dropping=stored.get(DROPPING) is True,
        since=Reader().date(dict(stored), "since"),
    )


def with_infrastructure(namespace: Namespace, infrastructure: Raw) -> Namespace:
    """Return the namespace as it would be with another infrastructure."""
    return document.read({**namespace.raw, "infrastructure": infrastructure})


def without_secrets(infrastructure: Raw) -> Raw:
    """Return an infrastructure without its key, sealed or not."""
    return {k: v for k, v in infrastructure.items() if k not in SECRET_KEYS}


def place_of(namespace: Namespace) -> tuple[str, str]:
    """Return the address of the namespace's cluster and the collection's name."""
    place = "shared"
    if namespace.tier != "shared":
        place = str(namespace.infrastructure.get("qdrant_url") or "")
    return place, namespace.collection


def place_words(namespace: Namespace) -> str:
    """Return where a namespace runs, as the end of a sentence."""
    place, _ = place_of(namespace)
    return "the shared cluster" if namespace.tier == "shared" else place


def elsewhere(namespace: Namespace) -> list[Namespace]:
    """Return the namespace as it is on clusters where it was, or goes to."""
    places = [left.infrastructure for left in left_behind(namespace)]
    if (move := move_of(namespace)) is not None:
        places.append(move.infrastructure)
    return [with_infrastructure(namespace, place) for place in places]


def infrastructures(raw: Raw) -> Iterator[tuple[tuple[str | int, ...], Raw]]:
    """Yield each infrastructure of a document with its path; each may hold a key."""
    paths: list[tuple[str | int, ...]] = [(), (MOVE,), (FALLBACK,)]
    retired = raw.get(RETIRED)
    if isinstance(retired, list):
        paths += [(RETIRED, number) for number in range(len(retired))]
    for path in paths:
        holder: Any = raw
        for key in path:
            holder = holder[key] if isinstance(key, int) else holder.get(key)
        found = holder.get("infrastructure") if isinstance(holder, Mapping) else None
        if isinstance(found, dict):
            yield (*path, "infrastructure"), found


def replaced(raw: Raw, path: tuple[str | int, ...], value: Raw) -> Raw:
    """Return a copy of a document with another value at a path."""
    changed: Raw = _replaced(raw, path, value)
    return changed


def _replaced(holder: Any, path: tuple[str | int, ...], value: Raw) -> Any:
    if not path:
        return value
    copied: Any = list(holder) if isinstance(holder, list) else dict(holder)
    copied[path[0]] = _replaced(holder[path[0]], path[1:], value)
    return copied


def _object(value: object) -> Raw:
    return dict(value) if isinstance(value, Mapping) else {}
