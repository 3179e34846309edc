"""The polled panel: what a poll costs, when it says nothing, when it comes again."""

import json
import re
import time

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nsadmin.namespaces.models import LastLook
from nsadmin.namespaces.read import probe, snapshots
from nsadmin.stores import ephemeral
from nsadmin.stores.qdrant.cluster import shared
from tests.pages.conftest import HTMX


def polled(text):
    """The address that the panel asks for next."""
    found = re.search(r'hx-get="([^"]*health/\?since[^"]*)"', text)[1]
    shown = re.search(r'name="shown" value="([0-9a-f]+)"', text)
    included = f"&shown={shown[1]}" if shown else ""
    return found.replace("&amp;", "&") + included


@pytest.fixture
def opened(browse, own):
    """A browser that has the page open, and the address of its next poll."""
    browser = browse("viewer")
    return browser, polled(browser.get(own).content.decode())


def test_a_poll_is_two_queries_and_four_kilobytes(opened):
    browser, address = opened
    strange = re.sub("seen=[0-9a-f]+", "seen=0", address)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = browser.get(strange, headers=HTMX)
    assert response.status_code == 200
    assert len(queries) <= 2, [q["sql"] for q in queries]
    assert len(response.content) <= 4096
    assert "Set-Cookie" not in response.headers


def test_a_silent_poll_is_as_cheap(opened, cast, silence):
    browser, address = opened
    snapshots.record_silence([cast.own.namespace_id], "Qdrant does not answer.")
    with CaptureQueriesContext(connection) as queries:
        response = browser.get(address, headers=HTMX)
    text = response.content.decode()
    assert "Unknown since" in text
    assert "The values below are from" in text
    assert "Ready" not in text
    assert len(queries) <= 2, [q["sql"] for q in queries]
    assert len(response.content) <= 4096


def test_what_looks_the_same_is_not_sent_again(opened, cast):
    browser, address = opened
    unchanged = browser.get(address, headers=HTMX)
    assert (unchanged.status_code, unchanged.content) == (204, b"")
    looked = json.loads(unchanged.headers["HX-Trigger"])["looked"]
    assert re.fullmatch(r"\d\d:\d\d:\d\d", looked["at"])
    assert looked["answered"].endswith(" ms")
    row = LastLook.objects.get(namespace_id=cast.own.namespace_id)
    row.live["status"] = "yellow"
    snapshots.cache(cast.own, snapshots.from_row(row))
    changed = browser.get(address, headers=HTMX)
    assert changed.status_code == 200
    assert b"Optimizing" in changed.content


def test_polls_come_more_slowly_with_age(opened, own):
    browser, _address = opened
    for age, distance in ((0, 5), (200, 15), (1000, 60)):
        since = int(time.time()) - age
        text = browser.get(f"{own}health/?since={since}", headers=HTMX)
        assert f'hx-trigger="every {distance}s"' in text.content.decode()
        assert f"since={since}" in polled(text.content.decode())
    for nonsense in ("-1", "x", "9" * 40, "99999999999"):
        text = browser.get(f"{own}health/?since={nonsense}", headers=HTMX)
        assert 'hx-trigger="every 5s"' in text.content.decode()


def test_polls_do_not_extend_the_session(opened):
    browser, address = opened
    before = Session.objects.get().expire_date
    browser.get(address, headers=HTMX)
    browser.get(re.sub("seen=[0-9a-f]+", "seen=0", address), headers=HTMX)
    assert Session.objects.get().expire_date == before


def test_a_copy_is_no_way_round_the_gate(browse, own, opened):
    strange = browse("stranger").get(f"{own}health/", headers=HTMX)
    assert strange.status_code == 404


def test_reading_marks_the_namespace_as_watched(opened, cast):
    _browser, _address = opened
    assert cast.own.namespace_id in ephemeral.watched()


def test_ask_now_asks_no_more_than_once_in_five_seconds(opened, own, cast):
    browser, _ = opened
    before = LastLook.objects.get(namespace_id=cast.own.namespace_id).taken_at
    began = time.monotonic()
    browser.get(f"{own}health/?fresh=1", headers=HTMX)
    assert time.monotonic() - began < 0.4
    assert LastLook.objects.get(pk=cast.own.namespace_id).taken_at == before


def test_a_running_optimization_is_shown_with_its_progress(opened, cast, own):
    browser, _ = opened
    row = LastLook.objects.get(namespace_id=cast.own.namespace_id)
    row.live["status"] = "yellow"
    row.told = {
        "builds": {
            "at": row.taken_at.isoformat(),
            "of": {
                "running": [
                    {
                        "optimizer": "indexing",
                        "stage": "vector_index",
                        "done": 250,
                        "total": 1000,
                        "started_at": "",
                    }
                ],
                "queued": 2,
                "queued_points": 500,
            },
        }
    }
    snapshots.cache(cast.own, snapshots.from_row(row))
    text = browser.get(f"{own}health/", headers=HTMX).content.decode()
    assert "1 running, 2 queued" in text
    assert "Indexing 25 %" in text
    assert "indexing: vector_index" in text
    assert ">250 of 1,000<" in text
    assert "2 more queued, 500 points." in text
    assert 'width="25"' in text


def test_a_cluster_known_to_be_silent_is_waited_for_by_one_alone(cast):
    url = shared().url
    ephemeral.store(f"silent:{url}", "Qdrant does not answer.", seconds=9)
    assert probe.snapshot(cast.own).ok  # the one who tries, and hears an answer
    assert probe.cluster_silence(url) == ""
    ephemeral.store(f"silent:{url}", "Qdrant does not answer.", seconds=9)
    other = probe.snapshot(cast.foreign)
    assert not other.ok
    assert other.unknown_since is not None


def test_the_rest_of_the_page_follows_a_silence(opened, cast, own, silence):
    browser, address = opened
    same = browser.get(address, headers=HTMX)
    assert "moved" not in json.loads(same.headers["HX-Trigger"])
    silence("qdrant")
    snapshots.record_silence([cast.own.namespace_id], "Qdrant does not answer.")
    poll = browser.get(address, headers=HTMX)
    assert "moved" in json.loads(poll.headers["HX-Trigger"])
    state = poll.content.decode().partition('id="live-state" hx-swap-oob="true"')[2]
    assert "Unknown" in state
    around = browser.get(f"{own}health/?around=1", headers=HTMX).content.decode()
    for part in ("difference", "counts", "vectors", "indexes", "state"):
        assert f'id="live-{part}" hx-swap-oob="true"' in around
    assert "Documents, last known" in around
    assert "Present, last known" in around
    assert "Last known, from" in around
    assert "Ready" not in around
    shown = re.search(r'name="shown" value="([0-9a-f]+)"', around)[1]
    strange = re.sub("shown=[0-9a-f]+", f"shown={shown}", address)
    after = browser.get(strange, headers=HTMX)
    assert "moved" not in json.loads(after.headers["HX-Trigger"])


def test_a_panel_that_waits_for_qdrant_asks_often_at_any_age(opened, cast, own):
    browser, _address = opened
    snapshots.record_silence([cast.own.namespace_id], "Qdrant does not answer.")
    since = int(time.time()) - 5000
    text = browser.get(f"{own}health/?since={since}", headers=HTMX).content.decode()
    assert 'hx-trigger="every 5s"' in text
