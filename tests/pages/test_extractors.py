"""The extractors page: what is registered, what could be appended, the plan between."""

import re

import pytest

from nsadmin.namespaces.plan import steps
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.reprocessing import to_reprocess
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.pages.plans import confirm


@pytest.fixture
def admin(cast, client):
    client.force_login(cast.users["admin"])
    return client


def path(namespace, page="extractors"):
    return f"/namespaces/{namespace.namespace_id}/{page}/"


def test_the_page_shows_vectors_and_offers(admin, cast):
    page = admin.get(path(cast.own)).content.decode()
    assert "face_identity_extractor v1" in page
    assert 'value="text_extractor_v1"' in page
    assert 'value="face_identity_extractor_v1"' not in page
    assert "3 points will lack the new vectors" in page


def test_only_extractors_that_add_a_vector_are_said_to_leave_points_without(
    admin, cast
):
    page = admin.get(path(cast.own)).content.decode()
    adding = {
        name: "adds" in offer.partition(">")[0]
        for offer in page.split('<div class="offer')[1:]
        for name in re.findall(r'value="(\w+_v\d)"', offer)[:1]
    }
    assert adding["text_extractor_v1"]
    assert not adding["passthrough_extractor_v1"]


def test_an_extractor_is_appended_through_its_plan(admin, cast):
    chosen = {
        "extractor": "text_extractor_v1",
        "text_extractor_v1.embedding_model": "all_minilm_l6_v2_v1",
    }
    plan = admin.post(path(cast.own), chosen, follow=True)
    assert plan.status_code == 200
    added = (
        "Add the vector text_extractor_v1_embedding "
        "(384, cosine, inference service all_minilm_l6_v2_v1)."
    )
    assert added in plan.content.decode()
    assert "It cannot be removed afterwards." in plan.content.decode()
    assert store.get(cast.own.namespace_id)["revision"] == 1
    done = confirm(admin, plan.content.decode())
    assert done.status_code == 303
    said = admin.get(done.headers["Location"]).content.decode()
    assert "Extractors cannot be removed; those that were added stay." in said
    live = collections.get(shared(), cast.own.collection)
    assert live.vectors["text_extractor_v1_embedding"].size == 384


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({}, "Choose an extractor"),
        ({"extractor": "nothing_v1"}, "not a built-in"),
        (
            {
                "extractor": "universal_extractor_v1",
                "universal_extractor_v1.output_dimensionality": "7",
            },
            "Vector size must be a whole number from 256 to 3,072; it is 7.",
        ),
        (
            {
                "extractor": "universal_extractor_v1",
                "universal_extractor_v1.output_dimensionality": "",
            },
            "Vector size is empty. Enter a whole number from 256 to 3,072.",
        ),
        ({"extractor": "face_identity_extractor_v1"}, "Nothing to change"),
    ],
)
def test_what_cannot_be_appended_says_so(admin, cast, sent, says):
    answer = admin.post(path(cast.own), sent, follow=True)
    assert says in answer.content.decode()
    assert store.get(cast.own.namespace_id)["revision"] == 1


def test_a_bad_size_is_linked_and_kept(admin, cast):
    name = "universal_extractor_v1.output_dimensionality"
    answer = admin.post(
        path(cast.own), {"extractor": "universal_extractor_v1", name: "many"}
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert f'href="#id_{name}"' in text
    assert f'id="id_{name}_error"' in text
    assert 'value="many"' in text
    assert text.count("autofocus") == 1


def test_repair_plans_what_is_missing_and_then_nothing(admin, cast):
    broken = make_namespace(
        cast.northlight,
        "out of sync",
        feature_extractors=[
            {"feature_extractor_name": "face_identity_extractor", "version": "v1"},
            {"feature_extractor_name": "image_extractor", "version": "v1"},
        ],
    )
    plan = admin.post(path(broken, "repair"), follow=True)
    assert b"image_extractor_v1_embedding" in plan.content
    assert confirm(admin, plan.content.decode()).status_code == 303
    again = admin.get(path(broken, "repair"), follow=True)
    assert b"Nothing to repair" in again.content
    assert store.get(broken.namespace_id)["revision"] == 2


def test_a_viewer_sees_and_does_not_append(client, cast):
    client.force_login(cast.users["viewer"])
    page = client.get(path(cast.own))
    assert page.status_code == 200
    assert b"You cannot append extractors" in page.content
    sent = {"extractor": "text_extractor_v1"}
    assert client.post(path(cast.own), sent).status_code == 403


def put_collections(namespace, count):
    base = {"namespace_id": namespace.namespace_id}
    named = [(f"col_{n:02}", f"Footage {n:02}") for n in range(count)]
    documents = [
        {
            "_id": f"{namespace.namespace_id}:{key}",
            "collection_id": key,
            "collection_name": name,
            **base,
        }
        for key, name in named
    ]
    resources.put("collections", documents)


@pytest.mark.parametrize(
    ("count", "says", "not_said"),
    [
        (0, "there are none.", "Footage"),
        (2, "Footage 01 <code>", " more."),
        (12, " and 2 more.", "Footage 10"),
    ],
)
def test_the_plan_names_the_collections_to_process_again(
    admin, cast, count, says, not_said
):
    namespace = make_namespace(cast.northlight, f"reprocessed {count}")
    put_collections(namespace, count)
    chosen = {"extractor": "text_extractor_v1"}
    plan = admin.post(path(namespace), chosen, follow=True)
    text = " ".join(plan.content.decode().split())
    told = text.partition("Collections to process again:")[2].partition("</section>")[0]
    assert says in told
    assert not_said not in told


def test_a_vector_without_a_known_service_says_so(admin, cast):
    page = admin.get(path(cast.own)).content.decode()
    assert ", service unknown" in page


def test_a_vector_step_written_without_its_service_is_still_read():
    step = steps.AddVector("a", 4, "cosine", "a_v1", "model")
    old = {key: v for key, v in step.to_json().items() if key != "inference"}
    assert steps.from_json(old).sentence() == "Add the vector a (4, cosine)."


def test_the_form_names_the_collections_too(admin, cast):
    put_collections(cast.own, 1)
    assert "Footage 00 <code>" in admin.get(path(cast.own)).content.decode()


def test_while_the_store_is_away_the_collections_are_unknown(admin, cast, silence):
    put_collections(cast.own, 1)
    view = queries.get(cast.actor("admin"), cast.own.namespace_id)
    silence("mongodb")
    assert to_reprocess(view) is None
