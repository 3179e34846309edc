"""The settings page: form, plan, confirm."""

from nsadmin.audit.models import AuditEvent
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.mongo import namespaces as store
from tests.pages.conftest import HTMX
from tests.pages.plans import edit_address, hidden, plan_address

INPUT = {"namespace_name": "film archive", "description": "Scenes and faces."}


def test_page_shows_what_is_stored(browse, own):
    text = browse("member").get(f"{own}settings/").content.decode()
    assert 'value="film archive"' in text
    assert "Preview plan" in text


def test_first_submit_shows_the_plan_and_writes_nothing(browse, own, cast):
    response = browse().post(f"{own}settings/", INPUT)
    assert response.status_code == 303
    text = browse().get(response.headers["Location"]).content.decode()
    assert "Confirm one step" in text
    assert "Scenes and faces." in text
    assert store.get(cast.own.namespace_id)["revision"] == 1
    assert not AuditEvent.objects.exists()


def test_htmx_goes_to_the_plan_and_remembers_the_form(browse, own):
    response = browse().post(f"{own}settings/", INPUT, headers=HTMX)
    assert response.status_code == 204
    plan = response.headers["HX-Redirect"]
    plan_id = plan.rstrip("/").rpartition("/")[2]
    assert response.headers["X-Form-Address"] == f"{own}settings/?plan={plan_id}"


def test_fragment_is_the_change(browse, own):
    bad = {**INPUT, "namespace_name": ""}
    text = browse().post(f"{own}settings/", bad, headers=HTMX).content.decode()
    assert text.lstrip().startswith('<div id="change">')
    assert "<html" not in text


def test_confirming_commits_and_says_so(browse, own, cast):
    client = browse()
    shown = client.post(f"{own}settings/", INPUT, follow=True).content.decode()
    form = {**hidden(shown), "step": "confirm"}
    response = client.post(plan_address(shown), form)
    assert response.headers["Location"] == f"{own}settings/"
    after = client.get(f"{own}settings/").content.decode()
    assert "Description changed. Revision 2." in after
    assert store.get(cast.own.namespace_id)["description"] == "Scenes and faces."
    assert AuditEvent.objects.get().actor_label == cast.users["admin"].email


def test_confirming_by_htmx_redirects_by_header(browse, own):
    client = browse()
    shown = client.post(f"{own}settings/", INPUT, follow=True).content.decode()
    form = {**hidden(shown), "step": "confirm"}
    response = client.post(plan_address(shown), form, headers=HTMX)
    assert response.headers["HX-Redirect"] == f"{own}settings/"


def test_back_to_editing_keeps_the_input(browse, own):
    client = browse()
    shown = client.post(f"{own}settings/", INPUT, follow=True).content.decode()
    text = client.get(edit_address(shown)).content.decode()
    assert "Scenes and faces.</textarea>" in text


def test_nothing_to_change_is_calm(browse, own):
    client = browse()
    response = client.post(
        f"{own}settings/", {"namespace_name": "film archive", "description": ""}
    )
    assert response.headers["Location"] == f"{own}settings/"
    assert b"Nothing to change." in client.get(own).content


def test_invalid_names_the_field_and_keeps_the_input(browse, own):
    form = {**INPUT, "namespace_name": "a/b"}
    response = browse().post(f"{own}settings/", form)
    text = response.content.decode()
    assert response.status_code == 422
    assert 'aria-invalid="true"' in text
    assert 'href="#id_namespace_name"' in text
    assert "must not contain /" in text
    assert "Scenes and faces.</textarea>" in text


def test_a_text_that_is_too_long_arrives_whole_and_is_refused(browse, own):
    page = browse().get(f"{own}settings/").content.decode()
    assert "maxlength" not in page[page.index("Preview plan") - 8000 :]
    long = {**INPUT, "description": "x" * 5000}
    response = browse().post(f"{own}settings/", long)
    assert response.status_code == 422
    text = response.content.decode()
    assert "at most 2,000 characters; it has 5,000." in text
    assert "x" * 5000 in text


def test_a_stored_name_that_no_new_one_may_be_stays(browse, cast):
    from tests.cast import make_namespace

    clone = make_namespace(cast.northlight, "cc", in_qdrant=False)
    page = f"/namespaces/{clone.namespace_id}/settings/"
    stays = browse().post(page, {**INPUT, "namespace_name": "cc"}, follow=True)
    assert "Confirm one step" in stays.content.decode()
    refused = browse().post(page, {**INPUT, "namespace_name": "dd"})
    assert refused.status_code == 422
    assert 'id="id_namespace_name_error"' in refused.content.decode()


def test_taken_name_stands_beside_the_field(browse, own, cast):
    from tests.cast import make_namespace

    make_namespace(cast.northlight, "taken", in_qdrant=False)
    response = browse().post(f"{own}settings/", {**INPUT, "namespace_name": "TAKEN"})
    text = response.content.decode()
    assert response.status_code == 409
    assert 'id="id_namespace_name_error"' in text


def test_moved_plan_is_shown_again_with_the_input(browse, own, cast):
    client = browse()
    shown = client.post(f"{own}settings/", INPUT, follow=True).content.decode()
    commit.commit(
        cast.actor("member"),
        cast.own.namespace_id,
        parse_patch({"description": "Somebody else was here."}),
    )
    response = client.post(plan_address(shown), {**hidden(shown), "step": "confirm"})
    text = response.content.decode()
    assert response.status_code == 409
    assert "The plan changed" in text
    assert "Somebody else was here." in text
    assert "Scenes and faces." in text
    assert "Changed</span>" in text
    form = {**hidden(text), "step": "confirm"}
    undecided = client.post(plan_address(text), form)
    assert undecided.status_code == 422
    assert "choose theirs or yours" in undecided.content.decode()
    again = client.post(plan_address(text), {**form, "keep-description": "mine"})
    assert again.headers["Location"] == f"{own}settings/"


def test_store_away_keeps_the_input(browse, own, silence):
    silence("mongodb")
    response = browse().post(f"{own}settings/", INPUT)
    text = response.content.decode()
    assert response.status_code == 503
    assert "does not answer" in text
    assert "Scenes and faces.</textarea>" in text


def test_forbidden_explains_and_keeps_the_tabs(cast, browse, own):
    cast.open_sessions()
    for role, word in (("viewer", "Viewer"), ("support", "Support")):
        for response in (
            browse(role).get(f"{own}settings/"),
            browse(role).post(f"{own}settings/", INPUT),
        ):
            text = response.content.decode()
            assert response.status_code == 403
            assert "namespace:update" in text
            assert word in text
            assert "Payload indexes" in text
            assert "Nothing was written" in text
            assert "req_" in text


def test_forbidden_for_a_system_namespace(browse, cast):
    address = f"/namespaces/{cast.system.namespace_id}/settings/"
    assert browse("admin").get(address).status_code == 403
    assert browse("platform_admin").get(address).status_code == 200


def test_unknown_and_foreign_are_404_for_every_role(browse, foreign):
    for role in ("admin", "viewer"):
        assert browse(role).get(f"{foreign}settings/").status_code == 404
    assert browse().get("/namespaces/ns_nothing0000/settings/").status_code == 404


def test_wrong_method(browse, own):
    assert browse().delete(f"{own}settings/").status_code == 405


def test_signed_out(client, own):
    assert client.get(f"{own}settings/").status_code == 302


def test_post_without_token_is_refused(cast, own):
    from django.test import Client

    from tests.people import BACKEND

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.users["admin"], BACKEND)
    response = strict.post(f"{own}settings/", INPUT)
    assert response.status_code == 403
    assert b"The form has expired" in response.content
