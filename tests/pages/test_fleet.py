"""The fleet for staff: clusters, attention worst first, orphans; no source blanks it."""

import json
import re
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.health.models import ClusterLook, DriftRow
from nsadmin.health.sampling.sampler import sample
from nsadmin.namespaces.models import (
    LastLook,
    MirroredNamespace,
    MirrorFill,
    ReaperHold,
)
from nsadmin.namespaces.read import snapshots
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.pages.conftest import HTMX


def text_of(browser):
    response = browser.get("/fleet/")
    assert response.status_code == 200
    return response.content.decode()


def names_in_order(text, *names):
    table = text[text.index("Needs attention") : text.index("Orphaned collections")]
    return sorted((n for n in names if f">{n}</a>" in table), key=table.index)


def test_a_healthy_fleet_says_so(cast, browse):
    sample()
    text = text_of(browse("support"))
    assert "Answers" in text
    assert "Nothing needs attention" in text
    assert "namespaces are counted every minute" in " ".join(text.split())
    assert ">3</td>" in text


def test_before_the_first_sample_nothing_is_claimed(cast, browse):
    text = text_of(browse("support"))
    assert "No cluster has been checked yet" in text
    assert "Answers" not in text
    assert "Qdrant has not been asked yet." in text


def test_the_worst_comes_first(cast, browse):
    names = ("held", "failed", "drifting", "gone", "silent", "red")
    made = {name: make_namespace(cast.northlight, name) for name in names}
    collections.drop(shared(), made["gone"].collection)
    sample()
    rows = {
        name: MirroredNamespace.objects.get(pk=n.namespace_id)
        for name, n in made.items()
    }
    MirroredNamespace.objects.filter(pk=rows["red"].pk).update(health="error")
    MirroredNamespace.objects.filter(pk=rows["failed"].pk).update(clone_status="failed")
    MirroredNamespace.objects.filter(pk=rows["drifting"].pk).update(differences=2)
    snapshots.record_silence([rows["silent"].pk], "Qdrant does not answer.")
    ReaperHold.objects.create(internal_id="int_x", namespace_ids=[rows["held"].pk])
    look = LastLook.objects.get(pk=rows["red"].pk)
    look.live |= {"status": "red", "optimizer_error": "No space left on device"}
    look.save()
    cast.open_sessions("platform_admin")
    text = text_of(browse("platform_admin"))
    assert names_in_order(text, *names) == list(reversed(names))
    assert "No space left on device" in text
    assert "Qdrant has no collection for it." in text
    assert "2 items differ." in text
    assert "Northlight Media" in text
    assert ">film archive</a>" not in text


def test_collections_of_nobody_are_listed(cast, browse):
    now = timezone.now()
    DriftRow.objects.create(
        cluster="shared",
        kind="orphan",
        subject="ns_left_behind",
        right="nobody",
        way="look",
        sentence="",
        first_seen=now,
        last_seen=now,
    )
    assert "ns_<wbr>left_<wbr>behind" in text_of(browse("support"))


def test_silence_everywhere_leaves_the_page(cast, browse, silence):
    sample()
    silence("qdrant")
    silence("mongodb")
    sample()
    text = text_of(browse("support"))
    assert "Answers" not in text
    assert "Unknown" in text
    assert "Qdrant does not answer." in text


def test_an_old_answer_vouches_for_nothing(cast, browse):
    sample()
    ClusterLook.objects.update(taken_at=timezone.now() - timedelta(minutes=3))
    text = text_of(browse("support"))
    assert "Answers" not in text
    assert "answered last" in text


def test_its_cost_does_not_grow_with_the_fleet(cast, browse):
    browser = browse("support")
    text_of(browser)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            text_of(browser)
        return len(queries)

    before = cost()
    for number in range(5):
        make_namespace(cast.northlight, f"another {number}", in_qdrant=False)
    assert cost() == before


def test_clones_that_ended_early_are_counted_as_in_the_lists(cast, browse):
    ended = {"clone_status": "failed", "health": "ready", "mirrored_at": timezone.now()}
    MirroredNamespace.objects.bulk_create(
        MirroredNamespace(
            namespace_id=f"ns_ended{n:03}", internal_id="int_x", name="x", **ended
        )
        for n in range(201)
    )
    words = " ".join(text_of(browse("support")).split())
    assert "Clone failed or cancelled 201" in words


def test_many_troubled_are_counted_up_to_a_thousand_and_200_are_read(cast, browse):
    browser = browse("support")

    def cost():
        with CaptureQueriesContext(connection) as queries:
            text_of(browser)
        return len(queries)

    now = timezone.now()

    def look(number):
        host = f"q{number:03}:6333"
        ClusterLook.objects.create(url=f"http://{host}", label=host, taken_at=now)

    look(0)
    before = cost()
    MirroredNamespace.objects.bulk_create(
        MirroredNamespace(
            namespace_id=f"ns_many{number:05}",
            internal_id="int_x",
            name="x",
            mirrored_at=now,
            differences=number % 2,
            unreadable="" if number % 500 else "Its field rank is odd",
        )
        for number in range(1500)
    )
    for number in range(1, 150):
        look(number)
    assert cost() == before
    text = text_of(browser)
    table = text[text.index("Needs attention") : text.index("Orphaned collections")]
    assert table.count("<tr>") == 201
    # The worst come first, and each namespace counts once.
    first = table[table.index("<tbody>") :]
    assert first.index("Unreadable") < first.index("Unknown")
    words = " ".join(table.split())
    assert "At least 803 more namespaces not listed here." in words
    assert "Unreadable 3," in words
    assert "Unknown 1,000+" in words
    assert "50 more clusters not listed here." in text


def test_only_staff_may_see_it_and_find_it(cast, browse):
    assert browse("admin").get("/fleet/").status_code == 403
    assert b'href="/fleet/"' not in browse("admin").get("/namespaces/").content
    assert b'href="/fleet/"' in browse("support").get("/namespaces/").content


def test_it_polls_what_is_stored_and_says_only_what_changed(cast, browse, silence):
    sample()
    cast.open_sessions("support")
    browser = browse("support")
    address = re.search(r'hx-get="(/fleet/\?seen=[0-9a-f]+)"', text_of(browser))[1]
    same = browser.get(address, headers=HTMX)
    assert (same.status_code, same.content) == (204, b"")
    looked = json.loads(same.headers["HX-Trigger"])["looked"]
    assert re.fullmatch(r"\d\d:\d\d:\d\d", looked["at"])
    MirrorFill.objects.update(filled_at=timezone.now() - timedelta(minutes=3))
    late = browser.get(address, headers=HTMX)
    assert b"later changes by other programs are not listed yet" in late.content
    MirrorFill.objects.update(filled_at=timezone.now())
    assert browser.get(address, headers=HTMX).status_code == 204
    silence("qdrant")
    snapshots.record_silence([cast.own.namespace_id], "Qdrant does not answer.")
    began = LastLook.objects.get(pk=cast.own.namespace_id).taken_at
    changed = browser.get(address, headers=HTMX)
    assert changed.status_code == 200
    assert changed.content.decode().lstrip().startswith('<div class="cols single"')
    assert b"Qdrant does not answer." in changed.content
    assert LastLook.objects.get(pk=cast.own.namespace_id).taken_at == began


def test_without_a_session_a_row_has_id_organization_and_figures_alone(cast, browse):
    row = MirroredNamespace.objects.filter(pk=cast.own.namespace_id)
    odd = "Field salary of Jane is odd."
    row.update(clone_status="failed", clone_error=odd, health="ready")
    for role in ("support", "platform_admin"):
        text = text_of(browse(role))
        assert cast.own.namespace_id in text.replace("<wbr>", "")
        assert "Northlight Media" in text
        assert "The clone did not finish." in text
        assert "film archive" not in text
        assert "salary" not in text
        asked = f"/support/new/?organization={cast.northlight.organization_id}"
        assert f'href="{asked}"' in text
    cast.open_session("support", cast.northlight)
    text = text_of(browse("support"))
    assert ">film archive</a>" in text
    assert odd in text


def test_collections_on_a_dedicated_cluster_are_counted_and_not_named(cast, browse):
    now = timezone.now()
    for name in ("payroll", "patients"):
        DriftRow.objects.create(
            cluster="q.example:6333",
            kind="orphan",
            subject=name,
            right="nobody",
            way="look",
            sentence="",
            first_seen=now,
            last_seen=now,
        )
    text = text_of(browse("platform_admin"))
    assert "2 collections" in text
    assert "payroll" not in text
    assert "patients" not in text


def test_a_paused_fleet_does_not_poll(cast, browse):
    text = browse("support").get("/fleet/?pause=1").content.decode()
    fleet = text[text.index('id="fleet"') :]
    assert "hx-trigger" not in fleet
    assert "Go on" in fleet


def test_a_cancelled_clone_has_not_failed(cast, browse):
    made = make_namespace(cast.northlight, "stopped")
    sample()
    row = MirroredNamespace.objects.filter(pk=made.namespace_id)
    row.update(clone_status="failed", clone_error="cancelled", health="ready")
    for role in ("support", "platform_admin"):
        text = text_of(browse(role)).partition("Needs attention")[2]
        assert "Clone cancelled" in text
        assert "The clone was cancelled." in text
        assert "did not finish" not in text
