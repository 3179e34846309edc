"""Two namespaces beside each other, past comparisons, and the way to a plan."""

import csv
import io
import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from nsadmin.audit.models import AuditEvent
from nsadmin.comparison.documents.findings import Findings
from nsadmin.comparison.documents.result import result_of
from nsadmin.comparison.models import Comparison
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.mirror import comparison
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from tests.cast import make_namespace, make_resources
from tests.pages.plans import confirm, ticks_of

INDEX = {"rank": {"type": "integer", "lookup": True, "range": True}}


@pytest.fixture
def pair(cast):
    """Northlight's namespace, and another one with an index and a description."""
    other = make_namespace(
        cast.northlight,
        "staging films",
        indexes=INDEX,
        description="For trials.",
        point_count=5,
    )
    make_resources(other)
    return cast.own, other


def address(left, right):
    ids = (getattr(side, "namespace_id", side) for side in (left, right))
    return "/compare/?left={}&right={}".format(*ids)


def shown(client, left, right, status=200):
    response = client.get(address(left, right))
    assert response.status_code == status, response.content.decode()[-2000:]
    return response.content.decode().replace("<wbr>", "")


def found_of(findings: Findings) -> dict[str, Any]:
    now = timezone.now().isoformat()
    times = {"began_at": now, "ended_at": now}
    return result_of(findings, is_full=True, notes=[], related="names", **times)


def kept(cast, left, right, *, whose="northlight", **values) -> Comparison:
    organization = getattr(cast, whose)
    findings = Findings()
    findings.add_pair({"left": 1, "right": 1}, ["=cmd|' /C calc'!A0"], ["v"])
    return Comparison.objects.create(
        **{
            "organization_id": organization.organization_id,
            "internal_id": organization.internal_id,
            "actor_label": "somebody",
            "left_id": left.namespace_id,
            "left_name": left.name,
            "left_revision": 1,
            "right_id": right.namespace_id,
            "right_name": right.name,
            "right_revision": 1,
            "mode": "full",
            "result": found_of(findings),
            "is_equal": False,
            "ended_at": timezone.now(),
            "expires_at": timezone.now() + timedelta(days=1),
            **values,
        }
    )


def test_without_namespaces_it_asks_for_two(browse, cast):
    text = browse("viewer").get("/compare/").content.decode()
    assert f'<option value="{cast.own.namespace_id}">film archive</option>' in text
    assert cast.foreign.namespace_id not in text
    assert "were not compared yet" in text


def test_only_what_differs_is_shown_and_the_rest_is_folded(browse, pair):
    text = shown(browse("viewer"), *pair)
    table, _, folded = text.partition('id="equal-rows"')
    assert "For trials." in table
    assert "Only on the right" in table
    assert ">rank<" in table
    assert "face_identity_extractor_v1" not in table.partition('id="rows-title"')[2]
    assert "face_identity_extractor_v1" in folded
    assert re.search(r"\d+ equal</summary>", folded)
    assert "2 more on the right" in folded  # points, in the counts below


def test_names_lead_there_as_well_and_the_sides_can_be_swapped(browse, pair):
    text = shown(browse(), "film archive", "staging films")
    assert "For trials." in text
    assert "/compare/?left=staging+films&amp;right=film+archive" in text


def test_silence_is_unknown_and_never_equal(browse, pair, silence):
    silence("qdrant")
    text = shown(browse(), *pair)
    assert "Qdrant does not answer for" in text
    assert "Unknown on both sides" in text
    assert "For trials." in text


def test_without_the_store_the_mirror_is_compared(browse, pair, silence):
    silence("mongodb")
    assert "For trials." in shown(browse(), *pair)


@pytest.mark.parametrize("given", ["ns_doesnotexist", "foreign"])
def test_what_one_may_not_see_is_not_there_and_the_input_stays(
    browse, cast, pair, given
):
    given = cast.foreign.namespace_id if given == "foreign" else given
    text = shown(browse(), pair[1], given, status=404)
    assert "There is no such namespace." in text
    assert f'value="{given}"' in text
    assert f'value="{pair[1].namespace_id}"' in text
    assert "museum" not in text


def test_a_namespace_is_not_compared_with_itself(browse, pair):
    assert "two different" in shown(browse(), pair[0], pair[0], status=422)


def test_the_number_of_queries_does_not_grow(
    browse, cast, pair, django_assert_max_num_queries
):
    client = browse()
    shown(client, *pair)
    for _ in range(8):
        kept(cast, *pair)
    with django_assert_max_num_queries(32):
        shown(client, *pair)
    with django_assert_max_num_queries(16):
        client.get("/compare/")


# Make right like left -----------------------------------------------------------------


def plan_of(client, left, right):
    text = shown(client, left, right)
    form = re.search(r'name="config" value="([^"]*)"', text)
    sent = {"step": "preview", "config": unescape(form[1])}
    address = f"/namespaces/{right.namespace_id}/config/"
    return client.post(address, sent, follow=True)


def test_make_right_like_left_becomes_a_plan(browse, pair):
    own, other = pair
    response = plan_of(browse("member"), other, own)
    text = response.content.decode()
    assert response.status_code == 200, text[-3000:]
    assert "Review the plan" in text
    for said in ("rank", "For trials."):
        assert said in text
    assert store.get(own.namespace_id)["revision"] == 1


def test_it_can_be_confirmed_and_then_nothing_is_left(browse, pair):
    own, other = pair
    client = browse("member")
    text = plan_of(client, own, other).content.decode()
    done = confirm(client, text, tick=ticks_of(text))
    assert done.status_code == 303
    assert not store.get(other.namespace_id).get("description")
    assert "A plan has nothing to change" in shown(client, own, other)


def test_who_may_not_change_the_right_is_told_so(browse, cast, pair):
    text = shown(browse("viewer"), *pair)
    assert 'name="config"' not in text
    assert "Your role, viewer, may not do this." in text
    text = shown(browse(), pair[1], cast.system)
    assert 'name="config"' not in text
    assert "Only platform admins" in text


def test_what_a_plan_cannot_do_is_said(browse, cast, pair):
    more = make_namespace(
        cast.northlight,
        "more vectors",
        extractors=("face_identity_extractor_v1", "text_extractor_v1"),
    )
    text = shown(browse(), pair[0], more)
    assert "text_extractor_v1 cannot be removed" in text
    assert "are not copied" in text
    assert f"/namespaces/{pair[0].namespace_id}/clone/" in text


# Comparisons of documents -------------------------------------------------------------


def test_starting_one_leads_to_its_page_and_is_audited(browse, cast, pair):
    client = browse("member")
    sent = {"left": "film archive", "right": pair[1].namespace_id, "mode": "sample"}
    response = client.post("/compare/run/", sent)
    row = Comparison.objects.get()
    assert response.headers["Location"] == f"/compare/{row.comparison_id}/"
    text = client.get(response.headers["Location"]).content.decode()
    assert 'hx-trigger="every 3s"' in text
    assert "Queued" in text
    event = AuditEvent.objects.get(action="comparison:run")
    assert event.organization_id == cast.northlight.organization_id
    assert "a sample of the documents of “film archive”" in event.summary
    again = client.post("/compare/run/", sent)
    assert again.headers["Location"] == response.headers["Location"]
    job = Job.objects.get(kind="compare")
    page = client.get(f"/jobs/{job.job_id}/").content.decode()
    assert "Left and right" in page
    assert "Comparisons" in client.get("/jobs/").content.decode()


def test_refusals_keep_what_was_chosen(browse, cast, pair):
    client = browse()
    sent = {"left": pair[0].namespace_id, "right": "", "mode": "full"}
    response = client.post("/compare/run/", sent)
    assert response.status_code == 422
    assert "Choose a namespace." in response.content.decode()
    sent["right"] = cast.foreign.namespace_id
    assert client.post("/compare/run/", sent).status_code == 404
    sent["right"] = pair[1].namespace_id
    assert client.post("/compare/run/", {**sent, "mode": "x"}).status_code == 422
    assert browse("viewer").post("/compare/run/", sent).status_code == 403
    assert not Comparison.objects.exists()


def test_a_customer_learns_nothing_of_another_customers_namespace(browse, cast):
    cast.open_sessions("platform_admin")
    sent = {
        "left": cast.own.namespace_id,
        "right": cast.foreign.namespace_id,
        "mode": "full",
    }
    response = browse("platform_admin").post("/compare/run/", sent)
    assert response.status_code == 302
    rows = {
        e.organization_id: e.summary
        for e in AuditEvent.objects.filter(action="comparison:run")
    }
    assert set(rows) == {cast.northlight.organization_id, cast.halden.organization_id}
    assert "museum" not in rows[cast.northlight.organization_id]
    assert "archive" not in rows[cast.halden.organization_id]
    assert browse().get(response.headers["Location"]).status_code == 404


def test_the_result_page_shows_counts_names_and_examples(browse, cast, pair):
    row = kept(cast, *pair)
    text = browse("viewer").get(f"/compare/{row.pk}/").content.decode()
    for said in ("Different", "Other payload", "film archive", "?format=csv"):
        assert said in text
    assert f"/compare/{row.pk}/" in shown(browse("viewer"), *pair)
    collection(store.NAME).update_one(
        {"_id": pair[1].namespace_id}, {"$set": {"revision": 9}}
    )
    text = browse("viewer").get(f"/compare/{row.pk}/").content.decode()
    assert "is at revision 9 now" in text


def test_the_result_is_downloaded_as_json_and_as_csv_without_formulas(
    browse, cast, pair
):
    row = kept(cast, *pair)
    client = browse("viewer")
    response = client.get(f"/compare/{row.pk}/?format=json")
    assert "attachment" in response.headers["Content-Disposition"]
    told: dict[str, Any] = json.loads(response.content)
    assert told["left"]["namespace_id"] == pair[0].namespace_id
    assert told["counts"]["different"] == 1
    response = client.get(f"/compare/{row.pk}/?format=csv")
    cells = [
        cell
        for line in csv.reader(io.StringIO(response.content.decode()))
        for cell in line
    ]
    assert "'=cmd|' /C calc'!A0" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def test_a_comparison_is_seen_by_who_sees_both_sides(browse, cast, pair):
    rows = {
        "own": kept(cast, *pair),
        "system": kept(cast, cast.system, cast.system, whose="halden"),
        "theirs": kept(cast, cast.foreign, cast.system, whose="halden"),
        "mixed": kept(cast, pair[0], cast.foreign, whose="operator"),
        "old": kept(cast, *pair, expires_at=timezone.now()),
    }
    cast.open_sessions("platform_admin")
    seen = {
        role: {
            name
            for name, row in rows.items()
            if browse(role).get(f"/compare/{row.pk}/").status_code == 200
        }
        for role in ("viewer", "stranger", "platform_admin")
    }
    assert seen == {
        "viewer": {"own"},
        "stranger": {"system", "theirs"},
        "platform_admin": {"own", "system", "theirs", "mixed"},
    }
    store.delete(pair[1].namespace_id, revision=1)
    comparison.reconcile()
    assert browse().get(f"/compare/{rows['own'].pk}/").status_code == 404


@pytest.mark.parametrize(
    ("error", "word"), [("Cancelled.", "Cancelled"), ("The disk is full.", "Failed")]
)
def test_one_without_a_result_says_why(browse, cast, pair, error, word):
    row = kept(cast, *pair, result={}, is_equal=None, error=error)
    text = browse().get(f"/compare/{row.pk}/").content.decode()
    assert f"{word}, without a result." in text
    assert ("The disk is full." in text) == (word == "Failed")
    assert "hx-trigger" not in text.partition('id="result"')[2].partition(">")[0]


def test_a_clone_is_compared_with_its_source_first(browse, cast, pair):
    own, other = pair
    clone = make_namespace(
        cast.northlight, "a clone", source_namespace_id=own.namespace_id
    )
    client = browse("viewer")
    link = f"/compare/?left={own.namespace_id}&amp;right={clone.namespace_id}"
    assert link in client.get(f"/namespaces/{clone.namespace_id}/").content.decode()
    page = client.get(f"/namespaces/{other.namespace_id}/").content.decode()
    assert f'/compare/?left={other.namespace_id}"' in page
    job = Job.objects.create(
        kind="clone",
        state=State.DONE,
        organization_id=cast.northlight.organization_id,
        internal_id=cast.northlight.internal_id,
        title="Clone",
        namespace_id=clone.namespace_id,
        namespace_name="a clone",
        source_namespace_id=own.namespace_id,
        actor_kind="user",
        actor_id="1",
        actor_label="somebody",
    )
    assert link in client.get(f"/jobs/{job.job_id}/").content.decode()
