"""Rows of jobs in every state, put into a running demo's database."""

import json
import sqlite3
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.browser.running_demo import Demo

_STAGES = (
    ("prepare", "Prepare the collection", "steps", 2, 12),
    ("configuration", "Buckets and collections", "resources", 2, 5),
    ("objects", "Objects", "objects", 10, 6_100),
    ("points", "Documents and vectors", "points", 50, 6_100),
    ("verify", "Verification", "checks", 34, 12_205),
)


def _stage(number: int, current: int, key: str, word: str) -> dict[str, Any]:
    own, title, unit, weight, total = _STAGES[number]
    done = total if number < current else total // 2 if number == current else 0
    state = "done" if number < current else word if number == current else "todo"
    taken = 4.2 if number <= current else None
    told = {"title": title, "unit": unit, "weight": weight, "done": done}
    return {"key": own or key, **told, "state": state, "total": total, "seconds": taken}


def _progress(current: int, word: str = "running", **extra: Any) -> dict[str, Any]:
    now = time.time()
    pace = [[now - 60 + n, 300 + 90 * (n % 7)] for n in range(25)]
    pace += [[now - 20 + n, 420 + 60 * (n % 5)] for n in range(20)]
    stages = [_stage(n, current, "", word) for n in range(len(_STAGES))]
    told = {"stages": stages, "percent": 39, "rate": 512.0, "left_s": 74.0}
    return {**told, "history": pace, "every_s": 1, "moved_at": now, **extra}


def _moment(seconds: float) -> str:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return at.replace(tzinfo=None).isoformat(sep=" ")


def _states() -> dict[str, dict[str, Any]]:
    """What differs in each state; leases and waits reach beyond the test."""
    running = {
        "state": "running",
        "progress": _progress(3),
        "started_at": _moment(-62),
        "heartbeat_at": _moment(600),
        "owner": "worker-1:4711:0a1b2c3d",
    }
    away = {"waiting": "Qdrant does not answer.", "away_since": _moment(-30)}
    failed = {"ended_at": _moment(-5), "settled": 1}
    proof = [{"what": "Objects", "source": 6100, "clone": 6100, "equal": True}]
    return {
        "Queued, not started": {"progress": _progress(9), "created_at": _moment(-42)},
        "Documents and vectors": running,
        "No response from Qdrant": {
            **running,
            "progress": _progress(3, moved_at=time.time() - 25),
        },
        "Worker lost, resuming": {**running, "heartbeat_at": _moment(-12)},
        "Waiting for Qdrant": {**running, **away, "waits": 4, "state": "queued"},
        "Failed in stage 4": {
            **running,
            **failed,
            "state": "failed",
            "progress": _progress(3, "failed"),
            "error": "The source was deleted during the copy.",
            "upstream": '{"status": {"error": "' + "Not found: " * 60 + '"}}',
            "reference": "0a1b2c3d4e",
        },
        "Cancelled by": {
            **running,
            "cancelled_by": "noor@northlight.example",
            **failed,
            "state": "cancelled",
            "progress": _progress(3, "failed"),
        },
        "Ready, verified identical": {
            **running,
            **failed,
            "state": "done",
            "progress": {**_progress(9), "percent": 100},
            "outputs": {"proof": proof, "cloned_resources": {"objects": 6100}},
        },
    }


def put(demo: Demo) -> dict[str, str]:
    """Add a job in each state; return what its page says, and its path."""
    return {said: put_one(demo, values) for said, values in _states().items()}


def put_one(demo: Demo, values: dict[str, Any]) -> str:
    """Add one job with these values; return its path."""
    organization, own = demo.northlight, uuid.uuid4()
    with sqlite3.connect(demo.data / "nsadmin.sqlite3", timeout=20) as database:
        (internal,) = database.execute(
            "SELECT internal_id FROM access_organization WHERE organization_id = ?",
            [organization],
        ).fetchone()
        row = {**_row(own, organization, internal), **values}
        written = {k: _written(v) for k, v in row.items()}
        names = ", ".join(written)
        marks = ", ".join("?" * len(written))
        database.execute(
            f"INSERT INTO jobs_job ({names}) VALUES ({marks})",  # noqa: S608
            list(written.values()),
        )
    database.close()
    return f"/jobs/{own}/"


def person_id(demo: Demo, role: str) -> str:
    """Return the id of the account of a role."""
    with sqlite3.connect(demo.data / "nsadmin.sqlite3", timeout=20) as database:
        (found,) = database.execute(
            "SELECT id FROM access_user WHERE email = ?", [demo.login(role)[0]]
        ).fetchone()
    database.close()
    return str(found)


def ended_of(demo: Demo, role: str, title: str) -> str:
    """Add a failed job that a person started and has not seen; return its path."""
    values = {
        **_states()["Failed in stage 4"],
        "title": title,
        "actor_id": person_id(demo, role),
        "actor_label": demo.login(role)[0],
        "seen_at": None,
    }
    return put_one(demo, values)


def _written(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def _row(own: uuid.UUID, organization: str, internal: str) -> dict[str, Any]:
    later, before = _moment(3600), _moment(-63)
    return {
        "job_id": own.hex,
        "kind": "clone",
        "queue": "jobs",
        "state": "queued",
        "organization_id": organization,
        "internal_id": internal,
        "namespace_id": "ns_nowhere0001",
        "namespace_name": "airfields-staging",
        "source_namespace_id": "ns_nowhere0002",
        "title": "Clone “airfields-of-the-world” as “airfields-staging”",
        "actor_kind": "user",
        "actor_id": "1",
        "actor_label": "mara@northlight.example",
        **dict.fromkeys(("request_id", "op_id", "error", "owner", "waiting"), ""),
        **dict.fromkeys(("error_code", "upstream", "reference"), ""),
        "cancelled_by": "",
        "seen_at": before,
        "inputs": {"include_resources": {"collections": True, "taxonomies": False}},
        "cursor": {},
        "progress": {},
        "outputs": {},
        **dict.fromkeys(("epoch", "attempts", "waits", "earlier_s"), 0),
        "lease_until": later,
        "sent_at": later,
        "run_after": later,
        "created_at": before,
        "cancel_requested": 0,
        "settled": 0,
    }
