"""The form of a new namespace: its plan, the act that happens once, a full plan."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from nsadmin.audit.models import AuditEvent
from nsadmin.namespaces.lifecycle import creation
from nsadmin.namespaces.read import probe, queries
from nsadmin.plans import service
from nsadmin.plans.creating import CreationChange
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from nsadmin.templates.models import NamespaceTemplate
from tests.pages import plans
from tests.pages.conftest import HTMX
from tests.pages.plans import confirm, edit_address, hidden, plan_address

NEW = "/namespaces/new/"
TEXT = "text_extractor_v1"


def token(client):
    """The token of a form that was just opened."""
    text = client.get(NEW).content.decode()
    return re.search(r'name="token" value="([^"]+)"', text)[1]


def typed(client, **more):
    """What a person types into the form."""
    return {
        "token": token(client),
        "namespace_name": "field recordings",
        "extractors": [TEXT],
        "expires": "never",
        **more,
    }


def planned(client, form):
    """Send the form; return the page of its plan."""
    return plans.shown_plan(client, NEW, form)


def made(cast):
    return store.find_by_name(cast.northlight.internal_id, "field recordings")


def test_the_form_offers_text_and_images_and_previews_vectors(browse):
    text = browse().get(NEW).content.decode()
    assert re.search(rf'value="{TEXT}" checked', text)
    assert re.search('value="image_extractor_v1" checked', text)
    assert "text_extractor_v1_embedding" in text.replace("<wbr>", "")
    assert 'hx-get="/namespaces/new/name/"' in text
    assert "Nothing: text and images" not in text  # nobody keeps templates yet


def test_the_first_submit_shows_the_plan_and_makes_nothing(browse, cast):
    client = browse()
    text = planned(client, typed(client, description="Dawn chorus."))
    assert "Review the plan" in text
    assert "Create the collection with the vector text_extractor_v1_embedding" in text
    assert "Dawn chorus." in text
    seen = re.sub(r"<input[^>]*>", "", text)  # without the keys that the form carries
    own, _, folded = seen.partition("and 11 indexes that every namespace has")
    assert "Build the keyword index on internal_id" not in own
    assert "Build the keyword index on internal_id" in folded
    assert "/v1/namespaces" in text
    assert made(cast) is None
    assert not AuditEvent.objects.filter(action="namespace:create").exists()


def test_confirming_makes_it_with_all_that_was_asked_for(browse, cast):
    client = browse()
    asked = typed(
        client,
        description="Dawn chorus.",
        extractors=[TEXT, "image_extractor_v1"],
        index_field=["site.name", "", "rank"],
        index_type=["text", "keyword", "integer"],
        index_schema=["", "", ""],
        auto_create_indexes="on",
        expires="7",
        **{f"{TEXT}.embedding_model": "all_minilm_l6_v2_v1"},
    )
    response = confirm(client, planned(client, asked))
    raw = made(cast)
    assert response.headers["Location"] == f"/namespaces/{raw['namespace_id']}/"
    view = queries.get(cast.actor("admin"), raw["namespace_id"])
    found = view.namespace
    assert [e.id for e in found.extractors] == [TEXT, "image_extractor_v1"]
    assert found.extractors[0].params["embedding_model"] == "all_minilm_l6_v2_v1"
    assert {i.field_name: i.type for i in found.indexes} == {
        "site.name": "text",
        "rank": "integer",
    }
    assert (found.description, found.auto_create_indexes) == ("Dawn chorus.", True)
    week = found.expires_at - found.created_at
    assert round(week.total_seconds() / 86_400) == 7
    assert "rank" in probe.actual_collection(found).indexes


def test_htmx_gets_the_address_of_the_plan_and_of_the_form_as_sent(browse):
    client = browse()
    response = client.post(NEW, typed(client), headers=HTMX)
    assert response.status_code == 204
    plan_id = SavedPlan.objects.get().plan_id
    assert response.headers["HX-Redirect"] == f"/namespaces/plans/{plan_id}/"
    assert response.headers["X-Form-Address"] == f"{NEW}?plan={plan_id}"


def test_a_reload_and_back_lose_nothing(browse):
    client = browse()
    asked = typed(client, description="Kept.", index_field=["rank"])
    shown = planned(client, {**asked, "index_type": ["integer"]})
    again = client.get(plan_address(shown)).content.decode()
    assert "Review the plan" in again
    for _ in range(2):
        text = client.get(edit_address(shown)).content.decode()
        assert "Kept.</textarea>" in text
        assert 'name="index_field" value="rank"' in text
        assert f'name="token" value="{asked["token"]}"' in text
    assert planned(client, {**asked, "index_type": ["integer"]})
    assert SavedPlan.objects.count() == 1


def test_another_admin_confirms_and_the_audit_leads_to_the_plan(
    browse, cast, second_client
):
    shown = planned(browse(), typed(browse(), token=token(browse())))
    page = plan_address(shown)
    theirs = second_client.get(page).content.decode()
    assert "Made by" in theirs
    assert confirm(second_client, theirs).status_code == 303
    event = AuditEvent.objects.get(action="namespace:create")
    assert event.actor_label == "second@northlight.example"
    saved = SavedPlan.objects.get()
    assert (saved.op_id, saved.is_confirmed) == (event.op_id, True)
    own = f"/namespaces/{made(cast)['namespace_id']}/"
    assert f"{own}plans/{saved.plan_id}/" in second_client.get(f"{own}audit/").text
    kept = second_client.get(page, follow=True)
    assert kept.redirect_chain[-1][0] == f"{own}plans/{saved.plan_id}/"
    assert "Confirmed plan" in kept.content.decode()


def test_who_may_not_create_reads_the_plan_and_strangers_find_none(browse):
    page = plan_address(planned(browse(), typed(browse(), token=token(browse()))))
    member = browse("member")
    assert "Create the collection" in member.get(page).content.decode()
    assert member.post(page, {"step": "confirm"}).status_code == 403
    assert browse("stranger").get(page).status_code == 404
    assert browse("stranger").post(page, {"step": "confirm"}).status_code == 404


def test_an_expired_plan_is_read_and_edited_again(browse, cast):
    client = browse()
    shown = planned(client, typed(client, description="Kept."))
    SavedPlan.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    text = client.get(plan_address(shown)).content.decode()
    assert "Expired plan" in text
    assert confirm(client, shown).status_code == 409
    assert "Kept.</textarea>" in client.get(edit_address(text)).content.decode()
    assert made(cast) is None


def test_the_plan_of_a_creation_that_runs_leads_to_the_namespace(browse, cast):
    client = browse()
    planned(client, typed(client))
    saved = SavedPlan.objects.get()
    actor = cast.actor()
    wanted = service.reading(actor, saved).wanted
    assert isinstance(wanted, CreationChange)
    creation.create(actor, wanted.request, operation=wanted.operation)
    answer = client.get(f"/namespaces/plans/{saved.plan_id}/")
    assert answer.headers["Location"] == f"/namespaces/{saved.namespace_id}/"


def test_a_crash_before_the_plan_is_noted_loses_nothing(browse, cast):
    client = browse()
    shown = planned(client, typed(client))
    first = confirm(client, shown)
    SavedPlan.objects.update(confirmed_at=None)
    assert confirm(client, shown).headers["Location"] == first.headers["Location"]
    assert SavedPlan.objects.get().is_confirmed


def test_a_second_confirmation_leads_to_the_same_one(browse, cast):
    client = browse()
    shown = planned(client, typed(client))
    first, second = confirm(client, shown), confirm(client, shown)
    assert first.headers["Location"] == second.headers["Location"]
    assert AuditEvent.objects.filter(action="namespace:create").count() == 1


def test_the_same_form_with_another_name_makes_another_one(browse, cast):
    client = browse()
    asked = typed(client)
    confirm(client, planned(client, asked))
    other = planned(client, {**asked, "namespace_name": "other recordings"})
    assert confirm(client, other).status_code == 303
    internal = cast.northlight.internal_id
    assert store.find_by_name(internal, "other recordings")["_id"] != made(cast)["_id"]


def test_another_digest_than_was_shown_creates_nothing(browse, cast):
    client = browse()
    shown = planned(client, typed(client))
    response = confirm(client, shown, digest="0" * 32)
    assert response.status_code == 409
    assert "Review the plan" in response.content.decode()
    assert made(cast) is None


def test_a_name_taken_between_is_told_with_the_input_hidden(browse, cast):
    client = browse()
    asked = typed(client, index_field=["rank"], index_type=["integer"])
    shown = planned(client, asked)
    faster = browse()
    confirm(faster, planned(faster, typed(faster)))
    response = confirm(client, shown)
    text = response.content.decode()
    assert response.status_code == 409
    assert "Another namespace" in text
    text = client.get(edit_address(text)).content.decode()
    assert 'id="id_namespace_name_error"' in text
    assert 'name="index_field" value="rank"' in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"namespace_name": "a/b"}, 'id="id_namespace_name_error"'),
        ({"namespace_name": ""}, "A namespace needs a name."),
        ({"extractors": []}, "Choose at least one extractor that adds a vector."),
        ({"extractors": ["passthrough_extractor_v1"]}, "add no vectors"),
        ({"extractors": ["nonsense"]}, "nonsense"),
        ({"expires": "date"}, "Enter the last day."),
        ({"expires": "date", "expires_on": "2020-01-01"}, "This day is in the past."),
        ({"token": "x"}, "The form was incomplete."),
        ({f"{TEXT}.embedding_model": ""}, "Embedding model is empty."),
        ({f"{TEXT}.embedding_model": "x"}, "must be"),
        ({"index_field": ["a b", "document_id"]}, 'id="index-fault-2"'),
        (
            {"index_field": [f"f{n}" for n in range(95)]},
            "payload indexes; at most",
        ),
    ],
)
def test_a_fault_stands_at_its_place_and_the_input_is_kept(browse, cast, change, said):
    client = browse()
    response = client.post(NEW, typed(client, description="Kept.", **change))
    text = response.content.decode()
    assert response.status_code == 422
    assert said in text
    assert "Kept.</textarea>" in text
    assert made(cast) is None


def test_more_rows_keep_everything(browse):
    client = browse()
    asked = typed(client, index_field=["rank"], index_type=["integer"])
    text = client.post(NEW, {**asked, "step": "rows"}).content.decode()
    assert text.count('name="index_field"') == 7
    assert f'name="token" value="{asked["token"]}"' in text
    assert '<option value="integer" selected>' in text


def test_a_template_fills_the_form_and_its_parameters_survive(browse, cast):
    schema = {"type": "text", "tokenizer": "whitespace", "max_token_len": 40}
    template = NamespaceTemplate.objects.create(
        organization_id=cast.northlight.organization_id,
        creator="key:k",
        name="for sounds",
        description="Sounds.",
        configuration={
            "feature_extractors": [
                {
                    "feature_extractor_name": "text_extractor",
                    "version": "v1",
                    "params": {"embedding_model": "all_minilm_l6_v2_v1"},
                }
            ],
            "payload_indexes": [
                {"field_name": "call", "type": "text", "field_schema": schema}
            ],
            "auto_create_indexes": True,
            "infrastructure": {"max_concurrent_jobs": 3},
        },
    )
    client = browse()
    text = client.get(f"{NEW}?template={template.template_id}").content.decode()
    assert "Filled from the template for sounds" in text
    assert "kept while the type stays" in text
    assert 'value="image_extractor_v1" checked' not in text
    assert "Sounds.</textarea>" in text
    asked = typed(
        client,
        **{
            "template": template.template_id,
            "index_field": ["call"],
            "index_type": ["text"],
            "index_schema": hidden(text)["index_schema"][:1],
            f"{TEXT}.embedding_model": "all_minilm_l6_v2_v1",
        },
    )
    confirm(client, planned(client, asked))
    raw = made(cast)
    assert raw["payload_indexes"][0]["field_schema"]["tokenizer"] == "whitespace"
    assert raw["infrastructure"]["max_concurrent_jobs"] == 3


def test_a_foreign_template_is_none(browse, cast):
    template = NamespaceTemplate.objects.create(
        organization_id=cast.halden.organization_id, creator="key:k", name="theirs"
    )
    foreign = browse().get(f"{NEW}?template={template.template_id}")
    assert foreign.status_code == 404
    assert b"theirs" not in foreign.content
    unknown = browse().get(f"{NEW}?template=tmpl_zzzzzzzzzzzz")
    assert unknown.status_code == 404
    assert b"There is no such template." in unknown.content
    for nothing in ("", "%00"):
        assert browse().get(f"{NEW}?template={nothing}").status_code == 200


def test_a_template_out_of_use_says_so_in_place_of_the_form(browse, cast):
    template = NamespaceTemplate.objects.create(
        organization_id=cast.northlight.organization_id,
        creator="key:k",
        name="for sounds",
        is_active=False,
    )
    response = browse().get(f"{NEW}?template={template.template_id}")
    assert response.status_code == 409
    assert b"The template for sounds cannot be used here" in response.content


def test_templates_of_one_name_are_told_apart_by_when_they_were_kept(browse, cast):
    for day in (3, 4):
        NamespaceTemplate.objects.create(
            organization_id=cast.northlight.organization_id,
            creator="key:k",
            name="for sounds",
            created_at=datetime(2026, 2, day, 9, 30, tzinfo=UTC),
        )
    text = browse().get(NEW).content.decode()
    assert "for sounds, kept 3 Feb 2026, 09:30</option>" in text
    assert "for sounds, kept 4 Feb 2026, 09:30</option>" in text


def test_a_full_plan_is_told_before_anything_is_typed(browse, cast, settings):
    settings.NSADMIN_PLAN_LIMITS = {"enterprise": 1}
    text = browse().get(NEW).content.decode()
    assert "The subscription is full" in text
    assert " of 1" in text
    assert "<textarea" not in text


def test_a_plan_that_fills_up_meanwhile_keeps_the_input(browse, cast, settings):
    client = browse()
    shown = planned(client, typed(client))
    settings.NSADMIN_PLAN_LIMITS = {"enterprise": 1}
    response = confirm(client, shown)
    assert response.status_code == 403
    text = response.content.decode()
    assert "subscription includes 1 namespace" in text
    edited = client.get(edit_address(text)).content.decode()
    assert 'value="field recordings"' in edited
    assert made(cast) is None


def test_a_member_is_told_who_can(browse):
    response = browse("member").get(NEW)
    assert response.status_code == 403
    assert "Admin" in response.content.decode()


def test_a_silent_qdrant_shows_the_plan_and_makes_nothing(browse, cast, silence):
    client = browse()
    asked = typed(client)
    silence("qdrant")
    shown = planned(client, asked)
    assert "Qdrant does not answer" in shown
    assert confirm(client, shown).status_code == 503
    assert made(cast) is None


def test_the_name_is_judged_while_it_is_typed(browse):
    address = f"{NEW}name/?namespace_name="
    assert "free" in browse().get(f"{address}something").content.decode()
    assert "s-bad" in browse().get(f"{address}Film%20Archive").content.decode()
    assert browse("member").get(f"{address}x").status_code == 403


def test_the_list_offers_it_to_who_may(browse):
    assert f'href="{NEW}"' in browse().get("/namespaces/").content.decode()
    assert f'href="{NEW}"' not in browse("member").get("/namespaces/").content.decode()
