"""Deleting, restoring and protecting in the pages."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.clones.request import CloneRequest
from nsadmin.clones.start import launch
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.lifecycle import deletion, tombstones
from nsadmin.namespaces.mirror import mirror
from nsadmin.stores.mongo import namespaces as store
from tests.cast import make_namespace, make_resources
from tests.pages.conftest import HTMX
from tests.pages.plans import confirm


@pytest.fixture
def buried(cast, own):
    """The address of a deleted namespace."""
    tombstones.soft_delete(cast.actor(), cast.own.namespace_id)
    return f"{own}deleted/"


def test_the_page_counts_what_goes_and_names_who_refers_to_it(cast, sure, own):
    make_resources(cast.own)
    clone = make_namespace(
        cast.northlight,
        "copy of film",
        in_qdrant=False,
        source_namespace_id=cast.own.namespace_id,
    )
    client = sure()
    client.get(own)  # the look that counts the documents
    text = client.get(f"{own}delete/").content.decode()
    assert "3 documents with all their vectors" in text
    assert "1 object in 1 bucket" in text
    assert clone.name in text
    assert store.get(cast.own.namespace_id)["revision"] == 1


def test_the_typed_name_deletes_it(cast, sure, own):
    client = sure()
    response = client.post(f"{own}delete/", {"typed_name": " film archive "})
    assert response.headers["Location"] == f"{own}deleted/"
    assert store.get(cast.own.namespace_id)["deleted_at"]
    text = client.get(f"{own}deleted/").content.decode()
    assert "film archive is deleted. Its name is free." in text
    assert "It can be restored until" in text


def test_what_is_due_to_be_deleted_for_good_tells_no_past_time_to_come(
    cast, browse, own
):
    """While many deletions are held, a tombstone outlives the end of its grace."""
    tombstones.soft_delete(cast.actor(), cast.own.namespace_id)
    raw, client = store.get(cast.own.namespace_id), browse()
    places = {
        f"{own}deleted/": "It can be restored until",
        own: "You can restore it until",
        "/namespaces/deleted/": "film archive",
    }
    for purge_after, due in (
        (timezone.now() + timedelta(days=3), False),
        (timezone.now() - timedelta(days=3), True),
    ):
        changed = {**raw, "purge_after": purge_after, "revision": raw["revision"] + 1}
        assert store.replace(raw, changed)
        raw = store.get(cast.own.namespace_id)
        mirror.mirror_one(raw)
        for path, words in places.items():
            text = client.get(path).content.decode()
            assert words in text, path
            assert (f"{purge_after:%-d\u00a0%b\u00a0%Y}" in text) != due, path
            assert bool(re.search(r"\bdue\b", text)) == due, path


@pytest.mark.parametrize("typed", ["", "Film archive", "film", "film archive x"])
def test_a_wrong_name_keeps_the_input_and_deletes_nothing(cast, sure, own, typed):
    response = sure().post(f"{own}delete/", {"typed_name": typed})
    text = response.content.decode()
    assert response.status_code == 422
    assert f'value="{typed}"' in text
    assert "Nothing was saved" in text
    assert "deleted_at" not in store.get(cast.own.namespace_id)


def test_the_fragment_is_the_change(sure, own):
    response = sure().post(f"{own}delete/", {"typed_name": "x"}, headers=HTMX)
    assert response.content.decode().lstrip().startswith('<div id="change">')


def test_a_protected_one_cannot_be_deleted_here_either(cast, sure):
    made = make_namespace(cast.northlight, "kept", in_qdrant=False, protected=True)
    address = f"/namespaces/{made.namespace_id}/delete/"
    client = sure()
    text = client.get(address).content.decode()
    assert "It is protected from deletion." in text
    assert "typed_name" not in text
    assert client.post(address, {"typed_name": "kept"}).status_code == 409
    assert (
        "Protected" in client.get(f"/namespaces/{made.namespace_id}/").content.decode()
    )


def test_a_running_job_is_named_with_a_way_to_it(cast, sure, own):
    job = launch(cast.actor(), cast.own.namespace_id, CloneRequest("a copy")).job
    client = sure()
    text = client.get(f"{own}delete/").content.decode()
    assert f"/jobs/{job.job_id}/" in text
    assert "typed_name" not in text
    response = client.post(f"{own}delete/", {"typed_name": "film archive"})
    assert response.status_code == 409
    assert "still running" in response.content.decode()


def test_who_may_not_is_told_who_can(cast, sure, own):
    cast.open_sessions()
    for role in ("viewer", "member", "support"):
        response = sure(role).get(f"{own}delete/")
        assert response.status_code == 403
        text = response.content.decode()
        assert "namespace:delete" in text
    assert sure("stranger").get(f"{own}delete/").status_code == 404


@pytest.mark.faults
def test_a_silent_store_keeps_the_input(sure, own, silence):
    client = sure()
    silence("mongodb")
    response = client.post(f"{own}delete/", {"typed_name": "film archive"})
    assert response.status_code == 503
    assert 'value="film archive"' in response.content.decode()


def test_the_list_leads_admins_to_the_deleted(cast, sure, buried):
    text = sure().get("/namespaces/").content.decode()
    assert "/namespaces/deleted/" in text
    assert ">film archive<" not in text
    assert (
        "/namespaces/deleted/"
        not in sure("member").get("/namespaces/").content.decode()
    )
    listed = sure().get("/namespaces/deleted/").content.decode()
    assert "film archive" in listed
    assert sure("member").get("/namespaces/deleted/").status_code == 403
    assert (
        "film archive"
        not in sure("stranger").get("/namespaces/deleted/").content.decode()
    )


def test_support_reads_what_is_deleted_and_is_offered_nothing(cast, sure, own, buried):
    cast.open_sessions()
    client = sure("support")
    organization = {"organization_id": cast.northlight.organization_id}
    client.post("/organization/switch/", organization)
    assert "/namespaces/deleted/" in client.get("/namespaces/").content.decode()
    assert "film archive" in client.get("/namespaces/deleted/").content.decode()
    text = client.get(buried).content.decode()
    assert "Admins of Northlight" in text
    assert 'name="act"' not in text
    restored = client.post(buried, {"act": "restore", "namespace_name": "a film"})
    assert restored.status_code == 403
    assert "namespace:delete" in restored.content.decode()
    purged = client.post(buried, {"act": "purge", "typed_name": "film archive"})
    assert purged.status_code == 403
    assert store.get(cast.own.namespace_id)["deleted_at"]
    assert not Job.objects.exists()
    for role in ("member", "viewer"):
        assert sure(role).get(buried).status_code == 404


def test_the_list_counts_what_the_page_of_a_tombstone_counts(cast, sure, own):
    make_resources(cast.own)
    cell = re.compile(r'<td class="num wide">([^<]+)</td>')
    tombstones.soft_delete(cast.actor(), cast.own.namespace_id)
    client = sure()
    listed = cell.findall(client.get("/namespaces/deleted/").content.decode())
    text = client.get(f"{own}deleted/").content.decode()
    for name, count in zip(("Documents", "Objects"), listed, strict=True):
        assert f"<dt>{name}</dt><dd>{count}</dd>" in text
    assert listed[1] == "1"


def test_an_empty_list_says_what_would_be_there(sure):
    assert (
        "No deleted namespaces" in sure().get("/namespaces/deleted/").content.decode()
    )


def test_every_other_page_of_it_is_missing(sure, own, buried):
    client = sure()
    for path in ("", "settings/", "indexes/", "clone/", "audit/", "delete/", "health/"):
        assert client.get(f"{own}{path}").status_code == 404, path
    assert client.get(buried).status_code == 200
    assert sure("stranger").get(buried).status_code == 404


def test_restoring_leads_back_to_it(cast, sure, own, buried):
    form = {"act": "restore", "namespace_name": "film archive"}
    client = sure()
    response = client.post(buried, form)
    assert response.headers["Location"] == own
    assert "was restored with its contents" in client.get(own).content.decode()
    assert client.get(buried).headers["Location"] == own


def test_a_taken_name_asks_for_another_and_keeps_it(cast, sure, buried):
    make_namespace(cast.northlight, "film archive", in_qdrant=False)
    form = {"act": "restore", "namespace_name": "film archive"}
    response = sure().post(buried, form)
    assert response.status_code == 409
    assert "Choose another name" in response.content.decode()
    wrong = sure().post(buried, {"act": "restore", "namespace_name": "a/b"})
    assert wrong.status_code == 422
    assert 'value="a/b"' in wrong.content.decode()


def test_purging_asks_for_the_name_and_shows_the_job(cast, sure, buried):
    client = sure()
    wrong = client.post(buried, {"act": "purge", "typed_name": "film"})
    assert wrong.status_code == 422
    assert not Job.objects.exists()
    response = client.post(buried, {"act": "purge", "typed_name": "film archive"})
    job = Job.objects.get()
    assert response.headers["Location"] == f"/jobs/{job.job_id}/"
    text = client.get(f"/jobs/{job.job_id}/").content.decode()
    assert "Delete “film archive”" in text
    assert "cannot be cancelled" in text
    assert "Cancel the job" not in text
    assert client.post(f"/jobs/{job.job_id}/", {"act": "cancel"}).status_code == 409
    assert "Being deleted for good" in client.get(buried).content.decode()


def test_a_purge_keeps_the_name_while_the_queue_is_full(sure, settings, buried):
    settings.NSADMIN_MAX_QUEUED_JOBS = {"enterprise": 0}
    response = sure().post(buried, {"act": "purge", "typed_name": "film archive"})
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "60"
    text = response.content.decode()
    assert "waiting in your organization" in text
    assert re.search(r'name="typed_name"[^>]*value="film archive"', text)
    assert not Job.objects.exists()


def test_a_failed_deletion_can_go_on_by_an_admin(cast, sure):
    job = deletion.begin(cast.actor(), cast.own.namespace_id)
    Job.objects.update(state=State.FAILED, settled=True, error="Qdrant was silent.")
    address = f"/jobs/{job.job_id}/"
    assert "Continue the deletion" in sure().get(address).content.decode()
    assert "Continue the deletion" not in sure("member").get(address).content.decode()
    assert sure("member").post(address, {"act": "resume"}).status_code == 403
    assert sure().post(address, {"act": "resume"}).status_code == 302
    assert Job.objects.get().state == State.QUEUED


def test_a_namespace_that_is_being_deleted_says_so(cast, sure, own):
    job = deletion.begin(cast.actor(), cast.own.namespace_id)
    client = sure()
    assert f"/jobs/{job.job_id}/" in client.get(own).content.decode()
    assert "Deleting" in client.get("/namespaces/").content.decode()
    assert "typed_name" not in client.get(f"{own}delete/").content.decode()


def test_protection_is_turned_on_at_once_and_off_by_a_plan(cast, sure, own):
    client = sure()
    assert "Protect it" in client.get(f"{own}settings/").content.decode()
    response = client.post(f"{own}protection/", {"protected": "on"})
    assert response.headers["Location"] == f"{own}settings/"
    assert store.get(cast.own.namespace_id)["protected"] is True
    assert "Remove the protection" in client.get(f"{own}settings/").content.decode()
    off = client.post(f"{own}protection/", {"protected": "off"}, follow=True)
    shown = off.content.decode()
    assert "Remove the protection from deletion." in shown
    assert store.get(cast.own.namespace_id)["protected"] is True
    assert confirm(client, shown).status_code == 303
    assert not store.get(cast.own.namespace_id).get("protected")
    assert client.get(f"{own}protection/").headers["Location"] == f"{own}settings/"


def test_the_danger_zone_tells_members_why_not(sure, own):
    text = sure("member").get(f"{own}settings/").content.decode()
    assert "Danger zone" in text
    assert "Protect it" not in text
    assert f"{own}delete/" not in text
