"""Words for what Qdrant says, and for when it says nothing."""

from datetime import UTC, datetime

import pytest

from nsadmin.namespaces.mirror.status import status_text
from nsadmin.namespaces.read.snapshots import LiveShape, Snapshot
from nsadmin.pages.common.badges import health_badge

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def look(status="green", *, ok=True, exists=True, error="", optimizer_error=""):
    live = LiveShape(status, optimizer_error, 5, 5, 1, {}, {}) if exists else None
    since = None if ok else NOON
    return Snapshot("ns_1", NOON, ok, exists, error, 3.0, live, NOON, since)


@pytest.mark.parametrize(
    ("status", "word", "role"),
    [
        ("green", "Ready", "ok"),
        ("yellow", "Optimizing", "warn"),
        ("grey", "Waiting", "idle"),
        ("red", "Error", "bad"),
        ("purple", "Unknown", "idle"),
    ],
)
def test_every_colour_has_a_word(status, word, role):
    found = status_text(look(status))
    assert (found.word, health_badge(found.key).role) == (word, role)


def test_an_error_is_quoted():
    assert status_text(look("red", optimizer_error="disk full")).sentence == "disk full"


def test_silence_is_never_green():
    found = status_text(look("green", ok=False, error="Qdrant does not answer."))
    assert (found.word, found.since) == ("Unknown", NOON)
    assert health_badge(found.key).role == "idle"
    assert status_text(None).word == "Unknown"


def test_a_missing_collection_is_an_error():
    assert status_text(look(exists=False)).word == "No collection"
