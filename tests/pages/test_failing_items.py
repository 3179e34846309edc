"""What fails and what is held, for staff and for those it concerns."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.jobs import items
from nsadmin.jobs.models import ItemFailure
from nsadmin.namespaces.lifecycle import fuse, tombstones
from nsadmin.namespaces.lifecycle.deletion_stages import FAILING
from nsadmin.namespaces.models import DeletionHold, MirroredNamespace
from nsadmin.pages.common.failing_items import LOOPS, loop_effect, loop_title
from nsadmin.pages.platform.schedule_text import result_text
from tests.cast import make_job, make_namespace
from tests.pages.conftest import HTMX

DOCUMENTS = "?show=documents"


def fleet(browser):
    response = browser.get("/fleet/")
    assert response.status_code == 200
    return response.content.decode()


def failing(browser, query=""):
    response = browser.get(f"/platform/unreadable/{query}")
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
    assert "cannot be read" not in fleet(browse("support"))
    assert "is held" not in fleet(browse("support"))
    cast.open_sessions()
    assert "fails for this namespace" not in browse("support").get(own).content.decode()


def test_what_fails_is_listed_with_its_loop_in_words(cast, browse):
    key = cast.own.namespace_id
    cast.open_session("support", cast.northlight)
    for _ in range(3):
        items.record("sample", "namespace", key, "Its vectors are text.")
    items.record("drift", "cluster", "https://q.example:6333", ValueError("secret"))
    items.record("a_new_loop", "row", "7", ValueError("secret"))
    table = failing(browse("support"))
    link = table[table.index(f'href="/namespaces/{key}/"') :]
    assert ">film archive</a>" in link[: link.index("</th>")]
    for words in (
        "Sampling",
        "Its vectors are text.",
        "Its state in Qdrant is not renewed.",
        "3 times",
        "Unexpected error. Reference ",
        "A new loop",
    ):
        assert words in table
    assert "secret" not in table
    items.resolve("sample", "namespace", key)
    assert "Its vectors are text." not in failing(browse("support"))


def test_without_a_session_only_the_kind_of_a_failure_is_told(cast, browse):
    own, job = cast.own.namespace_id, make_job(cast.northlight, title="Clone payroll")
    items.record("sample", "namespace", own, "Field salary is text.")
    items.record("finish_indexes", "index", f"{own}/salary", "Index salary is odd.")
    items.record("sweep", "job", str(job.job_id), "Cloning payroll broke.")
    items.record("heal", "namespace", "ns_not_mirrored", "Field salary is odd.")
    items.record("mirror", "namespace", own, TypeError("salary"))
    for role in ("support", "platform_admin"):
        table = failing(browse(role))
        for word in ("salary", "payroll", "film archive"):
            assert word not in table
        for word in (own, str(job.job_id), "ns_not_mirrored", "Northlight Media"):
            assert word in table.replace("<wbr>", "")
        assert "Unexpected error. Reference " in table
        assert "An accepted change is not finished in Qdrant." in table
    cast.open_session("support", cast.northlight)
    table = failing(browse("support"))
    assert "Index salary is odd." in table
    assert "Cloning payroll broke." in table


def many_failures(count):
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
        for n in range(count)
    )


def test_failures_are_counted_on_the_fleet_page_and_listed_in_pages(cast, browse):
    many_failures(60)
    assert "60 items fail" in fleet(browse("support"))
    assert "1\u201325 of 60" in failing(browse("support"))
    assert "51\u201360 of 60" in failing(browse("support"), "?offset=50")
    assert "Nothing on this page" in failing(browse("support"), "?offset=500")


def test_the_cost_of_a_page_of_failures_is_constant(cast, browse):
    browser = browse("support")

    def cost():
        with CaptureQueriesContext(connection) as queries:
            failing(browser)
        return len(queries)

    items.record("mirror", "namespace", cast.own.namespace_id, "It failed.")
    items.record(
        "sweep",
        "job",
        str(make_job(cast.northlight, title="Clone payroll").job_id),
        "It failed.",
    )
    before = cost()
    many_failures(20)
    items.record("mirror", "namespace", cast.foreign.namespace_id, "It failed.")
    assert cost() == before


def test_unreadable_documents_are_listed_with_their_values_where_seen(cast, browse):
    row = MirroredNamespace.objects.filter(pk=cast.own.namespace_id)
    assert "Every document can be read" in failing(browse("support"), DOCUMENTS)
    row.update(unreadable="salary: not a number\nwage: not a text")
    text = failing(browse("support"), DOCUMENTS)
    assert "2 values" in text
    assert "salary" not in text
    assert "film archive" not in text
    assert "1 document cannot be read" in fleet(browse("support"))
    cast.open_session("support", cast.northlight)
    text = failing(browse("support"), DOCUMENTS)
    assert "salary: not a number" in text
    assert ">film archive</a>" in text


def test_nothing_fails_says_so_and_only_staff_see_it(cast, browse):
    assert "Nothing fails" in failing(browse("support"))
    assert browse("admin").get("/platform/unreadable/").status_code == 403


def test_a_poll_sees_a_new_failure(cast, browse):
    browser = browse("support")
    text = fleet(browser)
    address = text[text.index("/fleet/?seen=") :].partition('"')[0]
    assert browser.get(address, headers=HTMX).status_code == 204
    items.record("sample", "namespace", cast.own.namespace_id, "It is odd.")
    changed = browser.get(address, headers=HTMX)
    assert changed.status_code == 200
    assert b"1 item fails" in changed.content


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
    assert ("Unexpected error. Reference " in text) is is_staff
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
    assert "Delete without the collection" not in failing(browse("support"))
    assert "Delete without the collection" in failing(browse("platform_admin"))
    address, sent = (
        "/platform/unreadable/finish-deletion/",
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
        " 2 items fail; see Unreadable."
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
