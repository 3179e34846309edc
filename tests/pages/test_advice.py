"""The advice page: evidence, accepting through a plan, dismissing and taking back."""

import re
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from nsadmin.advice import auto_indexing, evidence, usage
from nsadmin.advice.models import AutoIndex, Dismissal
from nsadmin.audit.models import AuditEvent
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.counters import Tally
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.pages.plans import confirm

_OLD_AND_NEW = (("title", "keyword"), ("rank", "integer"))


def filtered(namespace, *, ago=timedelta(0), **counts):
    tallies = {name: Tally(n, n, n * 12.5) for name, n in counts.items()}
    usage.count_filter(namespace.namespace_id, tallies, at=timezone.now() - ago)


def fields(namespace):
    raw = store.get(namespace.namespace_id)
    return {i["field_name"]: i["type"] for i in raw["payload_indexes"]}


def test_nothing_reported_is_said_calmly(browse, own):
    page = browse("viewer").get(own + "advice/").content.decode()
    assert "No filters reported yet" in page
    assert "Preview plan" not in page


def test_advice_has_its_evidence_and_becomes_a_plan(cast, browse, own):
    filtered(cast.own, rank=150, internal_id=900)
    admin = browse()
    page = admin.get(own + "advice/").content.decode()
    assert 'value="missing/integer/rank"' in page
    assert "Filtered 150 times in 24 hours without an index. 12.5 ms" in page
    assert "Sampled values: 3 integer." in page
    assert "said to save 50 to 90 %" in page
    assert 'value="missing/keyword/internal_id"' not in page
    sent = {"accept": "missing/integer/rank"}
    plan = admin.post(own + "advice/", sent, follow=True).content.decode()
    assert "Build the integer index on rank." in plan
    assert fields(cast.own) == {}
    assert confirm(admin, plan).status_code == 303
    assert fields(cast.own) == {"rank": "integer"}
    assert "The indexes fit the filters" in admin.get(own + "advice/").content.decode()


def test_what_is_unused_or_of_the_wrong_type_is_dropped_or_changed(cast, browse):
    namespace = make_namespace(
        cast.northlight,
        "indexed",
        indexes={"title": {"type": "keyword"}, "rank": {"type": "keyword"}},
        created_at=datetime.now(UTC) - timedelta(days=9),
    )
    filtered(namespace, rank=2)
    admin = browse()
    at = f"/namespaces/{namespace.namespace_id}/advice/"
    page = admin.get(at).content.decode()
    assert "unused indexes appear after 7 days." in page
    assert "No filter on this field was reported" not in page
    filtered(namespace, ago=timedelta(days=8), rank=2)
    page = admin.get(at).content.decode()
    assert "unused indexes appear after 7 days." not in page
    assert "The keyword index holds 0 of the 3 points that have a value." in page
    # An index that holds no point covers no filter.
    covered = page.partition("<dt>Covered by an index</dt>")[2].partition("</dd>")[0]
    assert re.search(r"\b0\s%", covered), covered
    flat = " ".join(page.split())
    assert "keyword index holds 0 of the 3 points that have a value, so it" in flat
    assert "No filter on this field was reported in 7 days." in page
    sent = {"accept": ["wrong_type/integer/rank", "unused/keyword/title"]}
    plan = admin.post(at, sent, follow=True).content.decode()
    assert "Drop the keyword index on title." in plan
    assert "Drop the keyword index on rank first." in plan
    assert "Build the integer index on rank." in plan


def test_an_index_that_is_younger_than_a_week_is_not_called_unused(
    cast, browse, django_assert_num_queries
):
    namespace = make_namespace(
        cast.northlight,
        "indexed",
        indexes={"title": {"type": "keyword"}},
        created_at=datetime.now(UTC) - timedelta(days=9),
    )
    for ago in (timedelta(0), timedelta(days=8)):
        filtered(namespace, ago=ago, internal_id=2)
    admin = browse()
    at = f"/namespaces/{namespace.namespace_id}/advice/"
    listed = [{"field_name": name, "type": kind} for name, kind in _OLD_AND_NEW]
    patch = parse_patch({"payload_indexes": listed})
    commit.commit(cast.actor(), namespace.namespace_id, patch)
    page = admin.get(at).content.decode()
    assert "unused/keyword/title" in page
    assert "unused/integer/rank" not in page
    stored = document.read(store.get(namespace.namespace_id))
    with django_assert_num_queries(2):
        brief = evidence.brief(stored)
    assert [one.field_name for one in brief.advice] == ["title"]
    filtered(namespace, ago=-timedelta(days=8), internal_id=2)
    later = evidence.advised(stored, now=timezone.now() + timedelta(days=8))
    assert {one.field_name for one in later.advice} == {"title", "rank"}


def test_no_index_of_a_namespace_younger_than_a_week_is_unused(cast, browse):
    namespace = make_namespace(
        cast.northlight, "indexed", indexes={"title": {"type": "keyword"}}
    )
    for ago in (timedelta(0), timedelta(days=8)):
        filtered(namespace, ago=ago, internal_id=2)
    page = browse().get(f"/namespaces/{namespace.namespace_id}/advice/")
    assert "unused/keyword/title" not in page.content.decode()


def test_nothing_ticked_and_nonsense_are_faults(browse, own):
    admin = browse()
    empty = admin.post(own + "advice/", {})
    assert empty.status_code == 422
    assert "Select the advice to follow." in empty.content.decode()
    for tick in ("missing/integer", "eat/integer/rank", "missing/fish/rank", "x"):
        wrong = admin.post(own + "advice/", {"accept": tick})
        assert wrong.status_code == 422
        assert "This advice is not valid." in wrong.content.decode()
    protected = admin.post(own + "advice/", {"accept": "missing/keyword/internal_id"})
    assert protected.status_code == 422


def test_advice_is_dismissed_with_a_reason_and_taken_back(cast, browse, own):
    filtered(cast.own, rank=150)
    admin = browse("member")
    answer = admin.post(
        own + "advice/dismissals/",
        {"which": "missing/rank", "reason": "a <b>short</b> test"},
        follow=True,
    )
    page = answer.content.decode()
    assert 'value="missing/integer/rank"' not in page
    assert "a &lt;b&gt;short&lt;/b&gt; test" in page
    row = Dismissal.objects.get()
    assert row.actor_label.startswith("member@")
    assert AuditEvent.objects.get().summary.startswith("Dismiss the advice on rank.")
    again = {"which": "missing/rank", "again": "1"}
    page = admin.post(own + "advice/dismissals/", again, follow=True).content.decode()
    assert 'value="missing/integer/rank"' in page
    assert Dismissal.objects.count() == 0


def test_dismissing_needs_a_reason_and_keeps_what_was_chosen(cast, browse, own):
    cast.open_sessions()
    filtered(cast.own, rank=150, title=140)
    admin = browse()
    for reason, fault in (
        ("  ", "Give a reason."),
        ("x" * 501, "at most 500 characters"),
    ):
        sent = {"which": "missing/title", "reason": reason}
        answer = admin.post(own + "advice/dismissals/", sent)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert fault in page
        assert '<option value="missing/title" selected>' in page
        assert '<details class="more" open>' in page
        assert f'value="{reason}"' in page
    assert Dismissal.objects.count() == 0
    nonsense = {"which": "eat/rank", "reason": "because"}
    page = admin.post(own + "advice/dismissals/", nonsense)
    assert page.status_code == 422
    assert "This kind of advice does not exist." in page.content.decode()
    support = browse("support").post(own + "advice/dismissals/", nonsense)
    assert support.status_code == 403


def test_automatic_indexes_are_counted_as_on_the_page_of_indexes(cast, browse):
    namespace = make_namespace(
        cast.northlight, "indexed", indexes={"title": {"type": "keyword"}}
    )
    raw = store.get(namespace.namespace_id)
    [entry] = raw["payload_indexes"]
    after = {**raw, "payload_indexes": [{**entry, "origin": "auto"}]}
    assert store.replace(raw, {**after, "revision": 2})
    page = browse().get(f"/namespaces/{namespace.namespace_id}/advice/")
    text = page.content.decode()
    assert '<dt>Created automatically</dt><dd class="big">1</dd>' in text
    assert "No measurement is kept for title." in text
    assert "None yet" not in text


def test_the_measured_gain_is_shown_beside_the_claim(cast, browse):
    cast.open_sessions()
    namespace = make_namespace(
        cast.northlight, "willing", point_count=40, auto_create_indexes=True
    )
    filtered(namespace, rank=101)
    auto_indexing.run()
    row = AutoIndex.objects.get()
    page = browse("support").get(f"/namespaces/{namespace.namespace_id}/advice/")
    text = page.content.decode()
    assert "Created automatically" in text
    assert f"{row.before_ms:.1f} ms" in text
    assert f"{row.after_ms:.1f} ms" in text
    assert "claimed 50 to 90 %" in text
    assert "agrees with 1 sampled point" in text
    AutoIndex.objects.update(state="incomplete", expected=5, found=3)
    text = (
        browse().get(f"/namespaces/{namespace.namespace_id}/advice/").content.decode()
    )
    assert "Index incomplete" in text
    assert "finds 3 of 5 sampled points" in text


def test_an_index_that_held_nothing_is_shown_with_its_reason(cast, browse):
    held = "It holds 0 of the 40 points that have a value, so it is dropped again."
    namespace = make_namespace(
        cast.northlight, "willing", muted_auto_indexes=["when", "rank", {"a": 1}]
    )
    AutoIndex.objects.create(
        namespace_id=namespace.namespace_id,
        field_name="when",
        index_type="datetime",
        state="dropped",
        count_24h=500,
        error=held,
        created_at=timezone.now(),
    )
    page = browse().get(f"/namespaces/{namespace.namespace_id}/advice/")
    text = " ".join(page.content.decode().split())
    assert "Dropped again" in text
    assert held in text
    assert "Not created automatically again until a user builds them:" in text
    assert "<code>when</code>, because it missed points" in text
    assert "<code>rank</code>, by a user" in text


def test_an_index_that_no_other_type_would_help_cannot_be_ticked(cast, browse):
    namespace = make_namespace(
        cast.northlight, "placed", indexes={"place": {"type": "geo"}}
    )
    [point, *rest], _ = points.page(shared(), namespace.collection, with_vectors=True)
    point["payload"]["place"] = {"lon": "13.4", "lat": "52.5"}
    points.put(shared(), namespace.collection, [point, *rest])
    page = browse().get(f"/namespaces/{namespace.namespace_id}/advice/")
    text = " ".join(page.content.decode().split())
    assert "Look at" in text
    assert "The geo index holds 0 of the one point that has a value." in text
    assert "No index can hold the sampled values: 1 invalid place." in text
    assert 'name="accept" value="wrong_type' not in text


def test_a_silent_qdrant_leaves_the_types_unknown(cast, browse, own, silence):
    filtered(cast.own, rank=150)
    silence("qdrant")
    page = browse().get(own + "advice/").content.decode()
    assert "Index types are unknown." in page
    assert "Filtered 150 times" in page
    assert 'name="accept" value="missing/' not in page


def test_silent_counters_call_nothing_unused(cast, browse, own, settings):
    client = browse()
    settings.NSADMIN_REDIS_URL = "redis://127.0.0.1:9/0"
    page = client.get(own + "advice/").content.decode()
    assert "Filter usage is unknown." in page
    assert "unused</" not in page


def test_much_advice_is_folded_and_says_what_was_not_sampled(cast, browse, own):
    filtered(cast.own, **{f"field_{n:03}": 1000 - n for n in range(210)})
    page = browse().get(own + "advice/").content.decode()
    opened, folded = page.split("175 more pieces of advice")
    assert "10 more are in the API." in folded
    assert opened.count("No sampled point has a value here.") == 20
    said = "Type not sampled yet; 20 fields are sampled at a time, the most filtered first."
    assert opened.count(said) == 5
    assert folded.count("Type not sampled yet") == 175


def test_a_first_report_is_of_this_hour_as_its_minute_is_not_kept(browse, own, cast):
    client = browse()
    filtered(cast.own, rank=1)
    page = client.get(own + "advice/").content.decode()
    assert "Reporting started this hour; unused indexes appear after 7 days." in page
    filtered(cast.own, ago=timedelta(hours=3), rank=1)
    page = client.get(own + "advice/").content.decode()
    assert "Reporting started this hour" not in page
    assert "Reporting started <time" in page


def test_types_of_before_a_silence_say_when_they_were_sampled(
    cast, browse, own, silence
):
    filtered(cast.own, rank=150)
    client = browse()
    client.get(own + "advice/")
    silence("qdrant")
    snapshots.invalidate(cast.own.namespace_id)
    page = client.get(own + "advice/").content.decode()
    assert "were sampled" in page
    assert "indexes seen" in page
    assert "as of now" not in page
    assert "Sampled values: 3 integer." in page


def test_a_declared_index_that_qdrant_lacks_serves_nothing(cast, browse):
    namespace = make_namespace(
        cast.northlight, "holed", indexes={"rank": {"type": "integer"}}
    )
    filtered(namespace, rank=75, internal_id=25)
    at = f"/namespaces/{namespace.namespace_id}/advice/"
    client = browse()
    page = client.get(at).content.decode()
    assert "100\u00a0%" in page
    assert "missing in Qdrant" not in page
    collections.drop_index(shared(), namespace.collection, "rank")
    snapshots.invalidate(namespace.namespace_id)
    page = client.get(at).content.decode()
    assert "1 declared index is missing in Qdrant." in page
    assert "integer index declared, missing in Qdrant" in page
    assert "25\u00a0%" in page


def test_a_missing_collection_leaves_the_types_unknown(cast, browse):
    namespace = make_namespace(cast.northlight, "ghost", in_qdrant=False)
    filtered(namespace, rank=150)
    page = browse().get(f"/namespaces/{namespace.namespace_id}/advice/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "The collection is missing in Qdrant" in text
    assert "Filtered 150 times" in text


def test_filters_before_a_build_are_told_apart_and_not_counted_as_covered(
    cast, browse, own
):
    filtered(cast.own, rank=150)
    admin = browse()
    body = {"payload_indexes": [{"field_name": "rank", "type": "integer"}]}
    commit.commit(cast.actor(), cast.own.namespace_id, parse_patch(body))
    page = admin.get(own + "advice/").content.decode()
    assert "of the filters in 24 h 150 before, 0 since" in page
    assert "150 filters were before the index was built" in page
    covered = page.partition("Covered by an index</dt>")[2].partition("</dd>")[0]
    assert re.search(r"\b0\s%", covered), covered
    later = timezone.now() + timedelta(hours=1)
    since = usage.uses_since(
        cast.own.namespace_id, {"rank": timezone.now() - timedelta(hours=2)}, now=later
    )
    assert since == {"rank": 150}


def test_advice_is_counted_at_the_tab_and_shown_on_the_index_page(cast, browse, own):
    admin = browse()
    filtered(cast.own, rank=150)
    for address in (own, own + "settings/"):
        page = admin.get(address).content.decode()
        assert 'Advice <span class="count">1</span>' in page
    page = admin.get(own + "indexes/").content.decode()
    assert "Filtered 150 times in 24 hours without an index." in page
    assert "Add to your changes\n      </button>" not in page
    assert 'value="pick rank"' in page  # its type was not sampled yet
    sent = {"step": "pick rank", "drop": []}
    chosen = admin.post(own + "indexes/", sent, follow=True).content.decode()
    assert re.search(r'name="field_name"[^>]*value="rank"', chosen)
    admin.get(own + "advice/")
    page = admin.get(own + "indexes/").content.decode()
    assert 'value="build integer rank"' in page
    sent = {"step": "build integer rank", "drop": []}
    page = admin.post(own + "indexes/", sent, follow=True).content.decode()
    assert "&quot;rank&quot;, {&quot;type&quot;: &quot;integer&quot;}" in page
    admin.post(
        own + "advice/dismissals/", {"which": "missing/rank", "reason": "a test"}
    )
    page = admin.get(own).content.decode()
    assert 'Advice <span class="count">' not in page
    assert "without an index" not in admin.get(own + "indexes/").content.decode()
