"""What a form says while a job runs on its namespace, and after it was refused."""

import pytest

from nsadmin.clones.request import CloneRequest
from nsadmin.clones.start import launch
from nsadmin.jobs.models import Job
from nsadmin.namespaces.mirror import mirror
from nsadmin.stores.mongo import namespaces as store
from tests.pages.test_indexes import RANK
from tests.pages.test_move import write

FORMS = ("settings/", "indexes/", "extractors/", "config/", "infrastructure/")


def moved(cast) -> Job:
    """Mark the namespace as moved by a job of its organization."""
    job = launch(cast.actor(), cast.own.namespace_id, CloneRequest("a copy")).job
    Job.objects.filter(pk=job.pk).update(source_namespace_id="")
    target = {"compute_tier": "dedicated_cpu", "qdrant_url": "https://q.example:6333"}
    move = {"task_id": str(job.job_id), "op_id": "op", "infrastructure": target}
    write(cast.own.namespace_id, move=move)
    return job


@pytest.mark.parametrize("form", FORMS)
def test_no_form_warns_while_nothing_runs(browse, own, form):
    text = browse().get(f"{own}{form}").content.decode()
    assert 'id="busy"' not in text


@pytest.mark.parametrize("form", FORMS)
def test_each_form_says_that_the_namespace_moves_and_leads_to_the_job(
    cast, browse, own, form
):
    job = moved(cast)
    text = browse().get(f"{own}{form}").content.decode()
    note = text.partition('id="change"')[2]
    assert "moved to another cluster" in note or "is moving to" in note
    assert "cannot be changed until" in note
    assert f'href="/jobs/{job.job_id}/"' in note


def test_the_clone_form_says_that_the_namespace_moves(cast, browse, own):
    client = browse()
    assert "is moving to" not in client.get(f"{own}clone/").content.decode()
    job = moved(cast)
    sent = {"namespace_name": "another copy", "collections": "on"}
    refused = client.post(f"{own}clone/", sent)
    assert refused.status_code == 409
    for response in (client.get(f"{own}clone/"), refused):
        form = response.content.decode().partition('id="change"')[2]
        note = form.partition("is moving to")[2].partition("</section>")[0]
        assert "It can be cloned once that job has ended." in note
        assert f'href="/jobs/{job.job_id}/"' in note
        assert "be changed" not in form
    faults = refused.content.decode().partition('id="faults"')[2]
    assert "it can be cloned once that job has ended" in faults
    assert f'href="/jobs/{job.job_id}/">Open the job</a>' in faults
    assert 'value="another copy"' in faults


def test_a_refused_form_keeps_its_input_and_leads_to_the_job(cast, browse, own):
    job = moved(cast)
    sent = {"namespace_name": "another name", "description": "typed", "base": "{}"}
    response = browse().post(f"{own}settings/", sent)
    assert response.status_code == 409
    text = response.content.decode()
    faults = text.partition('id="faults"')[2].partition("</form>")[0]
    assert "it can be changed once that job has ended" in faults
    assert f'href="/jobs/{job.job_id}/">Open the job</a>' in faults
    assert f"job {job.job_id}" not in faults
    assert 'value="another name"' in text
    assert ">typed</textarea>" in text
    assert store.get(cast.own.namespace_id)["namespace_name"] == cast.own.name


def test_refused_edits_of_indexes_are_kept(cast, browse, own):
    job = moved(cast)
    response = browse().post(f"{own}indexes/", RANK, follow=True)
    assert response.redirect_chain
    text = response.content.decode()
    assert f'href="/jobs/{job.job_id}/">Open the job</a>' in text
    assert RANK["field_name"] in text.partition('id="changes"')[2] + text


def test_beside_a_clone_the_form_says_what_can_still_be_changed(cast, browse, own):
    job = launch(cast.actor(), cast.own.namespace_id, CloneRequest("a copy")).job
    text = browse().get(f"{own}settings/").content.decode()
    note = text.partition('id="busy"')[2].partition("</section>")[0]
    assert "is being read by a job" in note
    assert "name, description, automatic indexes and expiry can" in note
    assert f'href="/jobs/{job.job_id}/"' in note
    sent = {"namespace_name": "another name", "description": "typed"}
    kept = browse().post(f"{own}settings/", sent)
    assert "/plans/" in kept.headers["Location"]
    refused = browse().post(f"{own}indexes/", RANK, follow=True)
    shown = refused.content.decode()
    assert f'href="/jobs/{job.job_id}/"' in shown


def test_a_job_of_another_organization_is_not_named(cast, browse, own):
    request = CloneRequest(
        "CONFIDENTIAL", source_organization_id=cast.northlight.organization_id
    )
    cast.open_sessions("platform_admin")
    job = launch(cast.actor("platform_admin"), cast.own.namespace_id, request).job
    text = browse().get(f"{own}settings/").content.decode()
    note = text.partition('id="busy"')[2].partition("</section>")[0]
    assert "The platform is copying this namespace." in note
    assert "CONFIDENTIAL" not in text
    assert str(job.job_id) not in text


def test_an_id_that_is_none_gets_no_link(cast, browse, own):
    before = store.get(cast.own.namespace_id)
    after = {**before, "deletion": {"task_id": "no uuid"}, "clone_status": "cloning"}
    after |= {"clone_task_id": "no uuid", "revision": before["revision"] + 1}
    assert store.replace(before, after)
    mirror.mirror_one(after)
    response = browse().get(f"{own}settings/")
    assert response.status_code == 200
    text = response.content.decode()
    assert 'id="busy"' in text
    assert 'href="/jobs/no' not in text
