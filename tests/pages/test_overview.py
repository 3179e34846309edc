"""The overview of a namespace and its live panel."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.advice import usage
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.counters import Tally
from tests.pages.conftest import HTMX


def test_shows_the_namespace_whole(browse, own, cast):
    text = browse("viewer").get(own).content.decode()
    assert "film archive" in text
    assert cast.own.namespace_id in text
    assert "face_<wbr>identity_<wbr>extractor_<wbr>v1_<wbr>embedding" in text
    assert "Ready" in text
    assert "Never expires" in text


def test_fragment_polls_and_names_the_next_distance(browse, own):
    response = browse().get(f"{own}health/", headers=HTMX)
    text = response.content.decode()
    assert response.status_code == 200
    assert text.lstrip().startswith('<section id="health"')
    assert 'hx-trigger="every 5s"' in text


def test_paused_panel_does_not_poll(browse, own):
    text = browse().get(f"{own}?pause=1").content.decode()
    panel = text[text.index('id="health"') : text.index('id="past-title"')]
    assert "hx-trigger" not in panel
    assert "Go on" in panel


def test_health_without_script_leads_to_the_page(browse, own):
    assert browse().get(f"{own}health/").headers["Location"] == own


def test_silent_qdrant_is_unknown_and_never_green(browse, own, cast, silence):
    browse().get(own)
    silence("qdrant")
    snapshots.invalidate(cast.own.namespace_id)  # five seconds later
    text = browse().get(f"{own}?fresh=1").content.decode()
    panel = text[text.index('id="health"') : text.index('id="ext-title"')]
    assert "Unknown since" in panel
    assert "Ready" not in panel
    assert "last known" in panel
    assert 'hx-trigger="every 5s"' in panel


def test_what_qdrant_said_is_in_a_fold(browse, own, cast, silence, settings):
    assert "What Qdrant said" not in browse().get(own).content.decode()
    silence("qdrant")
    snapshots.invalidate(cast.own.namespace_id)  # five seconds later
    text = browse().get(f"{own}?fresh=1").content.decode()
    fold = text.partition('id="qdrant-said"')[2].partition("</details>")[0]
    assert f"GET /collections/{cast.own.collection}" in fold
    assert "No answer" in fold
    assert settings.NSADMIN_QDRANT_URL not in fold
    told = {"asked": "GET /x", "status": 503, "words": "<starting>"}
    snapshots.record(cast.own.namespace_id, said=told)
    text = browse().get(own).content.decode()
    fold = text.partition('id="qdrant-said"')[2].partition("</details>")[0]
    assert "HTTP status 503" in fold
    assert "&lt;starting&gt;" in fold


def test_each_count_leads_to_its_page(browse, own):
    text = browse().get(own).content.decode()
    kinds = ("objects", "buckets", "collections", "retrievers", "taxonomies")
    pages = ["documents/", "extractors/", "indexes/"]
    pages += [f"resources/{kind}/" for kind in kinds]
    counts = text.partition('id="live-counts"')[2].partition('id="past-title"')[0]
    for page in pages:
        assert f'href="{own}{page}"' in counts
        assert browse().get(f"{own}{page}").status_code == 200


def test_old_look_is_never_green(browse, own, cast, silence):
    browse().get(own)
    old = timezone.now() - timedelta(hours=2)
    LastLook.objects.update(taken_at=old, live_at=old)
    silence("mongodb")
    text = browse().get(own).content.decode()
    assert "You see a copy from" in text
    assert "Unknown" in text
    assert "Ready</span>" not in text


def test_missing_index_is_told(browse, cast):
    from tests.cast import make_namespace

    made = make_namespace(
        cast.northlight, "lacking", indexes={"rank": {"type": "integer"}}
    )
    from nsadmin.stores.qdrant import collections
    from nsadmin.stores.qdrant.cluster import shared

    collections.drop_index(shared(), made.namespace_id, "rank")
    text = browse().get(f"/namespaces/{made.namespace_id}/").content.decode()
    assert "Qdrant lacks 1 index" in text
    assert "Missing" in text


def test_counts_that_nobody_knows_are_unknown(browse, own, cast, silence):
    silence("qdrant")
    silence("mongodb")
    text = browse().get(own).content.decode()
    assert '<dd class="big stale">unknown</dd>' in text


def test_foreign_is_exactly_like_unknown(browse, foreign):
    strange = browse().get(foreign)
    nothing = browse().get("/namespaces/ns_nothing0000/")
    assert strange.status_code == nothing.status_code == 404
    assert b"museum" not in strange.content


def test_system_namespace_is_open_to_all(browse, cast):
    text = browse("stranger").get(f"/namespaces/{cast.system.namespace_id}/")
    assert b"System, read only" in text.content


def test_wrong_method(browse, own):
    assert browse().post(own).status_code == 405


def test_signed_out_htmx_is_led_to_sign_in(client, own):
    response = client.get(f"{own}health/", headers=HTMX)
    assert response.status_code == 204
    assert response.headers["HX-Redirect"].startswith("/accounts/login/")


def test_advice_and_filters_are_shown_without_asking_qdrant(browse, own, cast):
    client = browse()
    client.get(own)
    with CaptureQueriesContext(connection) as before:
        client.get(own)
    looked = LastLook.objects.get(namespace_id=cast.own.namespace_id).taken_at
    usage.count_filter(cast.own.namespace_id, {"city": Tally(300), "title": Tally(7)})
    with CaptureQueriesContext(connection) as after:
        text = client.get(own).content.decode()
    card = text.partition('id="advice-title"')[2].partition("</section>")[0]
    assert "<b>Add</b> <code>city</code>" in card
    assert "Filtered 300 times in 24 hours without an index" in card
    assert f'href="{own}advice/"' in card
    assert "Filters in 24 h" in text
    # The dismissals are the only statement that the card adds.
    assert len(after) <= len(before) + 1
    again = LastLook.objects.get(namespace_id=cast.own.namespace_id).taken_at
    assert again == looked


def test_recent_changes_are_titles_that_lead_to_the_audit(browse, own, cast):
    patch = parse_patch({"description": "New.", "namespace_name": "film vault"})
    made = commit.commit(cast.actor(), cast.own.namespace_id, patch)
    text = browse().get(own).content.decode()
    card = text.partition('id="audit-title"')[2].partition("</section>")[0]
    assert "Renamed to film vault; description changed" in card
    assert f"#{made.op_id}" in card


def test_with_a_silent_qdrant_buttons_that_cannot_work_say_so(
    browse, own, cast, silence
):
    browse().get(own)
    silence("qdrant")
    snapshots.invalidate(cast.own.namespace_id)
    text = browse().get(f"{own}?fresh=1").content.decode()
    for button in ("live-append", "live-edit"):
        shut = text.partition(f'id="{button}"')[2].partition(">")[0]
        assert 'aria-disabled="true"' in shut
        assert "Qdrant does not answer" in shut


def test_the_drift_count_is_amber(browse, own, cast):
    rows = MirroredNamespace.objects.filter(namespace_id=cast.own.namespace_id)
    rows.update(differences=2)
    text = browse().get(own).content.decode()
    assert '<span class="count s-warn">2</span>' in text


def test_the_actions_end_with_delete_where_it_is_allowed(browse, own):
    menu = browse().get(own).content.decode().partition("Actions<")[2]
    menu = menu.partition("</details>")[0]
    assert menu.rindex("delete/") > menu.rindex("config/")
    assert (
        "delete/"
        not in (browse("viewer").get(own).content.decode().partition("Actions<")[2])
    )
