"""Process again: from the amber word on every page to the end of the request."""

import math
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.namespaces.change import commit
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.reprocessing import asking, claims, measuring
from nsadmin.reprocessing.models import ReprocessRequest, WebhookMessage
from tests.reprocessing.appended import TEXT_VECTOR, TEXTS, WORKER, process

AMBER = "On 0 of 6 points"


@pytest.fixture
def at(appended):
    return f"/namespaces/{appended.namespace_id}/"


def again_part(text):
    """The card, up to the form that appends an extractor."""
    return text[text.index('id="process-again"') : text.index('id="add-title"')]


def test_an_appended_extractor_is_amber_on_every_page(browse, appended, at):
    member = browse("member")
    overview = member.get(at).text
    assert 'aria-label="text_extractor v1 is missing from every point"' in overview
    assert "<b>On 0 of 6 points:</b>" in overview
    assert AMBER in overview[overview.index('id="live-vectors"') :]
    assert f'href="{at}process-again/{TEXTS}/"' in overview
    card = again_part(member.get(f"{at}extractors/").text)
    assert AMBER in card
    assert re.search(r"Footage a.*4 of 4 points lack them.*2 of 2 points lack", card)
    assert AMBER in member.get("/namespaces/").text
    assert "is on 0 of 6 points" in member.get(f"{at}drift/").text


def test_where_every_point_has_it_nothing_is_offered(browse, appended, at):
    process(appended, {n: "col_a" if n < 5 else "col_b" for n in range(1, 7)})
    text = browse("member").get(f"{at}extractors/").text
    assert 'id="process-again"' not in text
    assert "On all 6 points" in text


def test_a_member_asks_and_cancels(browse, cast, appended, at):
    member = browse("member")
    page = member.get(f"{at}process-again/{TEXTS}/").text
    assert "6 of 6 points lack the vectors" in page
    assert page.count("checked") == 2
    assert "No platform is connected" in page
    answer = member.post(f"{at}process-again/{TEXTS}/", {"collection": ["col_a"]})
    assert answer.url == f"{at}extractors/#process-again"
    row = ReprocessRequest.objects.get()
    assert (row.collection_ids, row.state) == (["col_a"], "requested")
    page = member.get(f"{at}extractors/").text
    assert "No platform is connected yet, so the request waits." in page
    card = again_part(page)
    assert "Requested" in card
    assert "Not measured yet." in card
    overview = " ".join(member.get(at).text.split())
    assert "No worker of the platform has begun it." in overview
    assert "do not find points that lack them" in overview
    measuring.measure(row.request_id)
    assert "On 0 of 4 points, measured" in again_part(
        member.get(f"{at}extractors/").text
    )
    other = member.post(f"{at}process-again/{TEXTS}/", {"collection": ["col_b"]})
    assert other.status_code == 409
    assert "already being processed again" in other.text
    member.post(f"{at}process-again/{TEXTS}/cancel/")
    row.refresh_from_db()
    assert row.state == "cancelled"
    assert "Cancelled" in again_part(member.get(f"{at}extractors/").text)
    late = member.post(f"{at}process-again/{TEXTS}/cancel/", follow=True)
    assert "Nothing to cancel" in late.text


def test_the_states_of_a_request(browse, cast, appended, at, settings):
    member = browse("member")
    settings.NSADMIN_REPROCESS_WEBHOOK_URL = "https://platform.example/hook"
    row = asking.ask(cast.actor(), appended.namespace_id, TEXTS)

    def card():
        return again_part(member.get(f"{at}extractors/").text)

    assert "The platform is notified within 15 s." in card()
    soon = timezone.now() + timedelta(minutes=5)
    WebhookMessage.objects.update(
        error="The webhook answered with HTTP 500.", next_at=soon, attempts=1
    )
    assert "answered with HTTP 500. The next attempt is in" in card()
    WebhookMessage.objects.update(next_at=soon - timedelta(hours=1))
    assert "The next attempt is due." in card()
    WebhookMessage.objects.update(next_at=None)
    assert "There is no further attempt." in card()
    WebhookMessage.objects.update(error="", delivered_at=timezone.now())
    assert "no worker has claimed the request yet" in card()
    claims.claim(WORKER, worker="gpu-7", token="t" * 32, lease_s=60)
    assert "Claimed by gpu-7" in card()
    overview = member.get(at).text
    assert f"Processing again with {TEXTS}: Being processed." in overview
    assert "Claimed by gpu-7." in overview
    process(appended, dict.fromkeys((1, 2), "col_a"))
    measuring.measure(row.request_id)
    assert "On 2 of 6 points, measured" in card()
    past = timezone.now() - timedelta(seconds=1)
    ReprocessRequest.objects.update(claim_ends_at=past)
    claims.give_back_expired()
    assert "The claim of gpu-7 expired" in card()
    claims.claim(WORKER, worker="gpu-8", token="u" * 32, lease_s=60)
    worker = cast.actor("platform_admin")
    claims.finish(worker, row.pk, token="u" * 32, outcome="failed", error="No model.")
    assert "by gpu-8: No model." in card()


def test_the_list_stays_amber_after_a_change_of_indexes(browse, cast, appended, at):
    browse("member").get(at)
    assert AMBER in browse("member").get("/namespaces/").text
    body = {"payload_indexes": [{"field_name": "rank", "type": "integer"}]}
    commit.commit(cast.actor(), appended.namespace_id, parse_patch(body))
    assert AMBER in browse("member").get("/namespaces/").text
    told = snapshots.stored(appended.namespace_id)
    assert math.isinf(told.fact_age_s(f"having:{TEXT_VECTOR}"))
    process(appended, {1: "col_a"})
    assert AMBER not in browse("member").get(at).text


def test_measured_to_the_end(browse, cast, appended, at):
    row = asking.ask(cast.actor(), appended.namespace_id, TEXTS)
    process(appended, {n: "col_a" if n < 5 else "col_b" for n in range(1, 7)})
    measuring.measure(row.request_id)
    snapshots.invalidate(appended.namespace_id)
    card = again_part(browse("member").get(f"{at}extractors/").text)
    assert "Done" in card
    assert "because every point has the vectors" in card
    assert "Processing again with" not in browse("member").get(at).text


def test_a_viewer_sees_the_counts_and_why_not(browse, at):
    viewer = browse("viewer")
    card = again_part(viewer.get(f"{at}extractors/").text + 'id="add-title"')
    assert "4 of 4 points lack them" in card
    assert f"process-again/{TEXTS}/" not in card
    assert "Your role, viewer, may not do this." in card
    assert viewer.get(f"{at}process-again/{TEXTS}/").status_code == 403
    assert "Members and admins of the organization can request" in viewer.get(at).text


def test_what_cannot_be_asked(browse, at):
    member = browse("member")
    none = member.post(f"{at}process-again/{TEXTS}/")
    assert none.status_code == 422
    assert "There is no collection to process." in none.text
    assert member.get(f"{at}process-again/image_extractor_v1/").status_code == 404


def test_while_a_store_is_away(browse, at, silence):
    member = browse("member")
    silence("qdrant")
    page = member.get(f"{at}process-again/{TEXTS}/").text
    assert page.count("Not counted: Qdrant did not answer in time.") == 2


def test_a_page_of_many_requests_asks_little(
    browse,
    cast,
    appended,
    at,
    django_assert_max_num_queries,
):
    member = browse("member")
    member.get(f"{at}extractors/")
    for _ in range(5):
        row = asking.ask(cast.actor(), appended.namespace_id, TEXTS)
        asking.cancel(cast.actor(), appended.namespace_id, row.request_id)
    with django_assert_max_num_queries(16):
        member.get(f"{at}extractors/")
    with django_assert_max_num_queries(16):
        member.get(f"{at}process-again/{TEXTS}/")
