"""`manage.py seal rotate`: every key is sealed anew, however often it is interrupted."""

import io

import pytest
from django.core.management import call_command

from nsadmin.namespaces.change import key_rotation
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo import namespaces as store
from tests.cast import make_namespace

URL = "https://q.example:6333"
NEW = "t2:" + "B" * 43 + "="


@pytest.fixture
def sealed(cast):
    """Three namespaces with a key each, sealed with the first seal key."""
    made = []
    for number in range(3):
        namespace = make_namespace(
            cast.northlight, f"sealed {number}", in_qdrant=False, extra={"kept": number}
        )
        raw = store.get(namespace.namespace_id)
        box = clusters.seal_key(
            f"canary {number}",
            internal_id=namespace.internal_id,
            namespace_id=namespace.namespace_id,
            url=URL,
        )
        infrastructure = {
            **raw["infrastructure"],
            "compute_tier": "dedicated_cpu",
            "qdrant_url": URL,
            "qdrant_api_key_sealed": {**box, "set_by": "mara"},
            "theirs": 1,
        }
        assert store.replace(raw, {**raw, "infrastructure": infrastructure})
        made.append(namespace.namespace_id)
    return made


def keys(sealed):
    return [
        clusters.stored_key(document.read(store.get(one))).reveal() for one in sealed
    ]


def run(*options):
    out = io.StringIO()
    with pytest.raises(SystemExit) if "--limit" in options else _nothing():
        call_command("seal", "rotate", *options, stdout=out)
    assert "canary" not in out.getvalue()
    return out.getvalue().strip()


class _nothing:  # noqa: N801 - used as a block
    def __enter__(self):
        return None

    def __exit__(self, *_):
        return None


def test_half_way_everything_opens_and_the_next_run_goes_on(sealed, settings):
    settings.NSADMIN_SEAL_KEYS = [NEW, *settings.NSADMIN_SEAL_KEYS]
    assert run("--limit", "1") == "rotated=1 current=0 unreadable=0 moved=0"
    assert keys(sealed) == ["canary 0", "canary 1", "canary 2"]
    assert run() == "rotated=2 current=1 unreadable=0 moved=0"
    assert run() == "rotated=0 current=3 unreadable=0 moved=0"
    settings.NSADMIN_SEAL_KEYS = [NEW]
    assert keys(sealed) == ["canary 0", "canary 1", "canary 2"]


def test_nothing_else_of_the_document_changes(sealed, settings):
    before = [store.get(one) for one in sealed]
    settings.NSADMIN_SEAL_KEYS = [NEW, *settings.NSADMIN_SEAL_KEYS]
    run()
    for raw in before:
        after = store.get(raw["_id"])
        box = after["infrastructure"].pop("qdrant_api_key_sealed")
        assert (box["kid"], box["set_by"]) == ("t2", "mara")
        del raw["infrastructure"]["qdrant_api_key_sealed"]
        # Moved on, so that a writer who read it before cannot put the old seal back.
        assert after.pop("updated_at") > raw.pop("updated_at")
        assert after == raw


def test_a_key_that_does_not_open_is_counted_and_left(sealed, settings):
    raw = store.get(sealed[0])
    moved = {**raw["infrastructure"], "qdrant_url": "https://evil.example:6333"}
    assert store.replace(raw, {**raw, "infrastructure": moved})
    settings.NSADMIN_SEAL_KEYS = [NEW, *settings.NSADMIN_SEAL_KEYS]
    done = key_rotation.rotate()
    assert (done.rotated, done.unreadable, done.is_complete) == (2, 1, False)
    assert store.get(sealed[0])["infrastructure"] == moved
