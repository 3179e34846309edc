"""What fails and what is held, for staff and for those it concerns."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.jobs import items
from nsadmin.jobs.models import ItemFailure
from nsadmin.namespaces.lifecycle import fuse, tombstones
from nsadmin.namespaces.lifecycle.deletion_stages import FAILING
from nsadmin.namespaces.models import DeletionHold
from nsadmin.pages.common.failing_items import LOOPS, loop_effect, loop_title
from nsadmin.pages.platform.schedule_text import result_text
from tests.cast import make_namespace
from tests.pages.conftest import HTMX


def fleet(browser):
    response = browser.get("/fleet/")
    assert response.status_code == 200
    return response.content.decode()


def buried(cast, count):
    past = timezone.now().replace(microsecond=0) - timedelta(hours=1)
    for number in range(count):
        make_namespace(
            cast.northlight,
            f"buried {number}",
            in_qdrant=False,
            deleted_at=past,
            purge_after=past,
        )


def test_where_nothing_fails_nothing_is_said(cast, browse, own):
    assert "Items that fail" not in fleet(browse("support"))
    assert "is held" not in fleet(browse("support"))
    assert "fails for this namespace" not in browse("support").get(own).content.decode()


def test_what_fails_is_listed_with_its_loop_in_words(cast, browse):
    key = cast.own.namespace_id
    for _ in range(3):
        items.record("sample", "namespace", key, "Its vectors are text.")
    items.record("drift", "cluster", "https://q.example:6333", ValueError("secret"))
    items.record("a_new_loop", "row", "7", "It failed.")
    text = fleet(browse("support"))
    table = text[text.index("Items that fail") : text.index("Orphaned collections")]
    link = table[table.index(f'href="/namespaces/{key}/"') :]
    assert ">film archive</a>" in link[: link.index("</th>")]
    for words in (
        "Sampling",
        "Its vectors are text.",
        "Its state in Qdrant is not renewed.",
        "3 times",
        "Unexpected ValueError.",
        "A new loop",
    ):
        assert words in table
    assert "secret" not in table
    items.resolve("sample", "namespace", key)
    assert "Its vectors are text." not in fleet(browse("support"))


def test_only_the_first_are_listed_and_the_others_counted(cast, browse):
    now = timezone.now()
    ItemFailure.objects.bulk_create(
        ItemFailure(
            loop="mirror",
            kind="namespace",
            item=f"ns_{n}",
            message="It failed.",
            first_seen=now,
            last_seen=now,
            times=1,
        )
        for n in range(60)
    )
    assert "10 more items not listed here." in fleet(browse("support"))


def test_a_poll_sees_a_new_failure(cast, browse):
    browser = browse("support")
    text = fleet(browser)
    address = text[text.index("/fleet/?seen=") :].partition('"')[0]
    assert browser.get(address, headers=HTMX).status_code == 204
    items.record("sample", "namespace", cast.own.namespace_id, "It is odd.")
    changed = browser.get(address, headers=HTMX)
    assert changed.status_code == 200
    assert b"It is odd." in changed.content


@pytest.mark.parametrize(
    ("role", "is_told"),
    [("support", True), ("platform_admin", True), ("admin", True), ("viewer", False)],
)
def test_a_namespaces_page_tells_whom_it_concerns(cast, browse, own, role, is_told):
    cast.open_sessions()
    items.record("mirror", "namespace", cast.own.namespace_id, TypeError("x"))
    items.record("drift", "namespace", cast.foreign.namespace_id, "Theirs.")
    text = browse(role).get(own).content.decode()
    assert ("Mirror fails for this namespace" in text) is is_told
    assert ("Lists and searches show old values." in text) is is_told
    assert "Theirs." not in text
    # What names our code is for staff.
    is_staff = role in ("support", "platform_admin")
    assert ("Unexpected TypeError" in text) is is_staff
    assert ("A stored value is not as expected." in text) is (role == "admin")


def test_held_deletions_are_released_by_a_platform_admin_alone(cast, browse, sure):
    buried(cast, 21)
    tombstones.purge_due()
    text = fleet(browse("support"))
    assert "Final deletion of 21 namespaces is held" in text
    assert "21 are due, but at most 20 are deleted in 24 hours" in text
    assert "A platform admin decides." in text
    assert "Approve exactly these" not in text
    text = fleet(sure("platform_admin"))
    digest = text[text.index('name="digest" value="') :].split('"')[3]
    address = "/fleet/held/purge/"
    sent = {"digest": digest}
    assert browse("support").post(address, sent).status_code == 403
    assert browse("admin").post(address, sent).status_code == 403
    moved = sure("platform_admin").post(address, {"digest": "another"}, follow=True)
    assert b"The list of held deletions has changed." in moved.content
    assert DeletionHold.objects.get().released_at is None
    done = sure("platform_admin").post(address, sent, follow=True)
    assert b"21 namespaces will be deleted by the next run." in done.content
    assert b"approved these" in done.content
    assert tombstones.purge_due().sent == 21
    assert "is held" not in fleet(browse("support"))
    assert sure("platform_admin").post("/fleet/held/x/", sent).status_code == 404


def test_a_failed_deletion_is_ended_by_a_platform_admin_alone(cast, browse, sure):
    items.record(FAILING, "namespace", cast.own.namespace_id, "The key is lost.")
    assert "Delete without the collection" not in fleet(browse("support"))
    assert "Delete without the collection" in fleet(browse("platform_admin"))
    address, sent = (
        "/fleet/finish-deletion/",
        {"namespace_id": cast.own.namespace_id},
    )
    assert browse("support").post(address, sent).status_code == 403
    done = sure("platform_admin").post(address, sent, follow=True)
    assert b"No deletion of this namespace has failed." in done.content


def test_every_loop_has_words():
    for loop in LOOPS:
        assert loop_title(loop) != loop.replace("_", " ")
        assert loop_effect(loop).endswith(".")
    assert loop_title("quite_new") == "Quite new"
    assert loop_effect("quite_new") == ""


def test_a_run_says_how_many_items_fail():
    assert result_text("sample", {"answered": 3, "silent": 0, "failed": 2}).endswith(
        " 2 items fail; Fleet names each."
    )
    text = result_text("purge", {"sent": 1, "held": 4, "resumed": 2, "failed": 0})
    assert text == "1 deletion sent, 2 failed deletions resumed, 4 held for a decision."


def test_an_expiry_that_is_held_is_on_the_fleet_page_too(cast, browse):
    now = timezone.now()
    DeletionHold.objects.create(
        kind=fuse.EXPIRY,
        reason="clock back",
        namespace_ids=[cast.own.namespace_id],
        held_at=now,
    )
    text = fleet(browse("support"))
    assert "Expiry of 1 namespace is held" in text
    assert "behind the time of the last run" in text
