"""Saved views, chosen columns, page sizes, totals and rows of running work."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.listing import saved_views
from nsadmin.namespaces.models import MirroredNamespace, SavedView
from tests.pages.conftest import HTMX
from tests.pages.test_list_paging import many  # noqa: F401

LIST = "/namespaces/"
VIEWS = "/namespaces/views/"


def heads(text: str) -> list[str]:
    head = text.split("<thead>")[1].split("</thead>", maxsplit=1)[0]
    cells = re.findall(r"<th[^>]*>(.*?)</th>", head, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in cells]


def save(client, name: str, address: str, **more: str) -> str:
    sent = client.post(VIEWS, {"name": name, "address": address, **more})
    assert sent.status_code == 302, sent.content.decode()
    return sent.headers["Location"]


def test_a_view_keeps_filters_order_columns_and_size(browse) -> None:
    client = browse()
    address = save(
        client,
        "Shared ones",
        "tier=shared&sort=name&columns=tier&columns=expires&per=50&after=x&evil=1",
    )
    text = client.get(address).content.decode()
    assert heads(text)[1:] == ["Tier", "Expires"]
    assert "per=50" in address
    assert "evil" not in address
    assert "after" not in address
    rail = text.split('id="facets"')[1].split("</aside>")[0]
    assert "Shared ones" in rail
    assert "changed" not in rail
    other = client.get(f"{address}&health=ready").content.decode()
    assert "changed" in other.split('id="facets"')[1].split("</aside>")[0]


def test_a_view_is_the_persons_own(browse, cast) -> None:
    save(browse(), "Mine", "tier=shared")
    view = SavedView.objects.get()
    assert "Mine" not in browse("member").get(LIST).content.decode()
    for role in ("member", "stranger"):
        sent = browse(role).post(f"{VIEWS}{view.view_id}/", {"step": "delete"})
        assert sent.status_code == 404
    assert SavedView.objects.count() == 1


def test_it_is_renamed_deleted_and_opens_the_list(browse) -> None:
    client = browse()
    address = save(client, "One", "tier=shared", is_default="on")
    assert client.get(LIST).headers["Location"] == address
    assert client.get(f"{LIST}?view=all").status_code == 200
    assert client.get(LIST, headers=HTMX).status_code == 200
    save(client, "Two", "tier=dedicated_cpu", is_default="on")
    assert SavedView.objects.filter(is_default=True).get().name == "Two"
    one, two = SavedView.objects.order_by("name")
    place = f"{VIEWS}{one.view_id}/"
    taken = client.post(place, {"step": "rename", f"{one.view_id}-name": "TWO"})
    assert taken.status_code == 422
    assert "another view named TWO" in taken.content.decode()
    client.post(place, {"step": "rename", f"{one.view_id}-name": "First"})
    assert "First" in client.get(VIEWS).content.decode()
    client.post(f"{VIEWS}{two.view_id}/", {"step": "close"})
    assert client.get(LIST).status_code == 200
    client.post(place, {"step": "delete"})
    assert [view.name for view in SavedView.objects.all()] == ["Two"]


@pytest.mark.parametrize("name", ["", "   ", "a\u200bb", "x" * 61])
def test_a_bad_name_keeps_the_input(browse, name) -> None:
    sent = browse().post(VIEWS, {"name": name, "address": "tier=shared"})
    assert sent.status_code == 422
    assert 'value="tier=shared"' in sent.content.decode()
    assert not SavedView.objects.exists()


def test_a_taken_name_is_replaced_and_their_number_is_bounded(browse, cast) -> None:
    client = browse()
    for n in range(saved_views.MOST):
        save(client, f"view {n}", "tier=shared")
    save(client, "VIEW 0", "tier=dedicated_gpu")
    assert SavedView.objects.count() == saved_views.MOST
    assert client.post(VIEWS, {"name": "more", "address": ""}).status_code == 409


def test_columns_and_size_are_chosen_without_a_script(browse, many) -> None:  # noqa: F811
    client = browse()
    text = client.get(f"{LIST}?columns=documents&columns=tier&per=50").content.decode()
    assert heads(text)[1:] == ["Tier", "Documents"]
    assert "1\u201350 of 62" in text
    following = unescape(re.search(r'href="([^"]*)" rel="next"', text).group(1))
    assert "per=50" in following
    rest = client.get(following).content.decode()
    assert "51\u201362 of 62" in rest
    assert heads(rest)[1:] == ["Tier", "Documents"]
    for odd in ("per=7", "per=x", "columns=password", "columns="):
        text = client.get(f"{LIST}?{odd}").content.decode()
        assert "1\u201325 of 62" in text, odd
        assert "Extractors" in heads(text), odd


def test_a_hundred_rows_of_an_earlier_address_are_fifty(browse, many) -> None:  # noqa: F811
    """A page of a hundred would be larger than a page may be."""
    client = browse()
    view = save(client, "large", "sort=name&per=100")
    for address in (f"{LIST}?per=100&sort=name", view):
        text = client.get(address).content.decode()
        assert "1\u201350 of 62" in text
        assert '<option value="50" selected>50</option>' in text
        assert '<option value="100"' not in text
        following = unescape(re.search(r'href="([^"]*)" rel="next"', text).group(1))
        assert "51\u201362 of 62" in client.get(following).content.decode()


def test_totals_are_those_of_the_filtered_list(browse, many) -> None:  # noqa: F811
    MirroredNamespace.objects.filter(name__startswith="row").update(document_count=10)
    MirroredNamespace.objects.filter(name="row 00").update(document_count=None)
    text = browse().get(f"{LIST}?search=row").content.decode()
    totals = " ".join(
        re.search(r'id="totals"[^>]*>(.*?)</p>', text, re.DOTALL)[1].split()
    )
    assert totals.startswith("60 namespaces, 590 documents; 1 count is unknown.")
    part = browse().get(f"{LIST}?search=row+07", headers=HTMX).content.decode()
    assert 'id="totals" hx-swap-oob="true"' in part
    assert "1 namespace, 10 documents" in " ".join(part.split())


def test_fifty_rows_are_small(browse, many) -> None:  # noqa: F811
    client = browse()
    client.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(f"{LIST}?per=50")
    assert len(answer.content) <= 60 * 1024
    assert len(queries) <= 8


def cloning(cast, percent: int) -> Job:
    MirroredNamespace.objects.filter(pk=cast.own.namespace_id).update(
        clone_status="cloning", document_count=7
    )
    return Job.objects.create(
        kind="clone",
        title="Clone",
        state=State.RUNNING,
        organization_id=cast.northlight.organization_id,
        internal_id=cast.northlight.internal_id,
        namespace_id=cast.own.namespace_id,
        progress={
            "percent": percent,
            "left_s": 1260,
            "stages": [{"key": "points", "done": 25, "total": 1000}],
        },
        actor_kind="user",
        actor_id="1",
        actor_label="Ada",
    )


def poll_of(text: str) -> str:
    found = re.search(r'hx-get="(/namespaces/at-work/[^"]*)"', text)
    return unescape(found[1]) if found else ""


def test_rows_at_work_are_renewed_until_the_work_is_over(browse, cast) -> None:
    job, client = cloning(cast, 22), browse()
    text = client.get(LIST).content.decode()
    assert "Cloning 22 %" in text
    assert "about 21\u00a0min left" in text
    assert ">of 1,000</div>" in text
    address = poll_of(text)
    Job.objects.filter(pk=job.pk).update(progress={"percent": 61})
    part = client.get(address, headers=HTMX).content.decode()
    assert "Cloning 61 %" in part
    assert poll_of(part) == address
    # Nothing that can be ticked or have the focus is sent.
    assert not re.search(r"<(input|a|button|select)\b", part)
    Job.objects.filter(pk=job.pk).update(state=State.DONE)
    MirroredNamespace.objects.filter(pk=cast.own.namespace_id).update(clone_status="")
    last = client.get(address, headers=HTMX).content.decode()
    assert 'hx-swap-oob="true"' in last
    assert not poll_of(last)
    assert not poll_of(client.get(LIST).content.decode())


def test_rows_at_work_of_others_are_not_told(browse, cast) -> None:
    cloning(cast, 22)
    address = poll_of(browse().get(LIST).content.decode())
    part = browse("stranger").get(address, headers=HTMX).content.decode()
    assert "Cloning" not in part
    assert "Deleted" in part
    assert browse().get(address).headers["Location"] == LIST


def test_only_shown_columns_are_renewed(browse, cast) -> None:
    cloning(cast, 22)
    assert not poll_of(browse().get(f"{LIST}?columns=tier").content.decode())
    address = poll_of(browse().get(f"{LIST}?columns=documents").content.decode())
    part = browse().get(address, headers=HTMX).content.decode()
    assert 'id="d-' in part
    assert 'id="h-' not in part


def test_a_failed_clone_has_one_short_reason(browse, cast) -> None:
    answer = 'Qdrant refused a batch: over 32 MiB. {"status": {"error": "' + "x" * 900
    MirroredNamespace.objects.filter(pk=cast.own.namespace_id).update(
        clone_status="failed", clone_error=answer
    )
    text = browse().get(LIST).content.decode()
    assert ">Qdrant refused a batch: over 32 MiB.</div>" in text
    assert "x" * 400 not in text
