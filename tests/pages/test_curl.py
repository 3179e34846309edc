"""The call that a plan page shows does the same through the API."""

import html
import json
import re
import shlex
import subprocess
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from nsadmin.advice import usage
from nsadmin.jobs.models import Job
from nsadmin.stores.counters import Tally
from tests.cast import make_namespace
from tests.pages.plans import start_clone

TRICKY = 'It\'s $HOME, `whoami`, "quoted" \\ and\na second line, é'
EVERY_PAGE = [
    ("settings/", {"namespace_name": "film archive", "description": TRICKY}),
    ("indexes/", {"field_name": "title", "type": "text", "min_token_len": "3"}),
    ("extractors/", {"extractor": "text_extractor_v1"}),
]


def calls(text: str) -> list[str]:
    """Return the calls that a page offers to copy."""
    return [
        html.unescape(call) for call in re.findall(r'data-copy="(curl[^"]*)"', text)
    ]


def arguments(call: str) -> list[str]:
    """Return what a real shell makes of a call, with a key of its own."""
    script = call.replace("curl", "printf '%s\\0'", 1)
    done = subprocess.run(
        ["sh", "-c", script],
        env={"NSADMIN_KEY": "sk_from_the_shell"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("\0")[:-1]


def sent(call: str, key: str, **query: str):
    """Send the call to the API, with a query of one's own."""
    words = arguments(call)
    assert "Authorization: Bearer sk_from_the_shell" in words
    address = urlsplit(words[2])
    body = words[words.index("-d") + 1] if "-d" in words else None
    given = [words[at + 1].partition(": ") for at, w in enumerate(words) if w == "-H"]
    headers = {name.lower(): value for name, _, value in given}
    return Client().generic(
        words[1],
        address.path,
        body or "",
        content_type="application/json",
        query_params=query,
        headers={**headers, "authorization": f"Bearer {key}"},
    )


@pytest.mark.parametrize(("page", "form"), EVERY_PAGE)
def test_the_shown_call_makes_the_same_plan(browse, own, cast, page, form):
    text = browse().post(own + page, form, follow=True).content.decode()
    (call,) = calls(text)
    digest = parse_qs(urlsplit(shlex.split(call)[3]).query)["plan_digest"][0]
    answer = sent(call, cast.keys["admin"], dry_run="true")
    assert answer.status_code == 200
    plan = json.loads(answer.content)["plan"]
    assert plan["digest"] == digest
    assert f'name="digest" value="{digest}"' in text


def test_the_shown_call_carries_the_change_out(browse, own, cast):
    page, form = EVERY_PAGE[0]
    (call,) = calls(browse().post(own + page, form, follow=True).content.decode())
    digest = parse_qs(urlsplit(shlex.split(call)[3]).query)["plan_digest"][0]
    answer = sent(call, cast.keys["admin"], plan_digest=digest)
    assert answer.status_code == 200
    assert json.loads(answer.content)["description"] == TRICKY


@pytest.mark.parametrize(("page", "form"), EVERY_PAGE)
def test_every_form_shows_a_call_that_the_api_takes(browse, own, cast, page, form):
    text = browse().get(own + page).content.decode()
    (call,) = [call for call in calls(text) if "dry_run=true" in call]
    assert sent(call, cast.keys["admin"], dry_run="true").status_code == 200


@pytest.mark.parametrize("page", ["config/", "advice/", "infrastructure/"])
def test_forms_of_more_than_a_field_show_a_call(browse, own, cast, page):
    usage.count_filter(cast.own.namespace_id, {"rank": Tally(150, 150, 1800.0)})
    (call,) = calls(browse().get(own + page).content.decode())
    assert "dry_run=true" in call
    assert sent(call, cast.keys["admin"], dry_run="true").status_code == 200


def test_a_clone_shows_its_call_before_and_after_the_input(browse, own, cast):
    address = f"{own}clone/"
    (usual,) = calls(browse().get(address).content.decode())
    assert json.loads(arguments(usual)[-1])["include_resources"] == {
        "collections": True,
        "retrievers": True,
        "taxonomies": False,
    }
    form = {"namespace_name": "a copy", "description": TRICKY, "taxonomies": "on"}
    (call,) = calls(browse().post(address, form, follow=True).content.decode())
    answer = sent(call, cast.keys["admin"])
    assert answer.status_code == 200
    job = Job.objects.get()
    assert json.loads(answer.content)["task_id"] == str(job.job_id)
    assert job.namespace_name == "a copy"
    assert job.inputs["include_resources"] == {
        "collections": False,
        "retrievers": False,
        "taxonomies": True,
    }
    assert sent(usual, cast.keys["admin"]).status_code == 200


def test_a_platform_admin_is_shown_whose_namespace_is_cloned(sure, foreign, cast):
    cast.open_sessions()
    (call,) = calls(sure("platform_admin").get(f"{foreign}clone/").content.decode())
    body = json.loads(arguments(call)[-1])
    assert body["source_organization_id"] == cast.halden.organization_id


def test_a_deletion_shows_a_call_that_is_held_to_what_was_seen(sure, own, cast):
    (call,) = calls(sure().get(f"{own}delete/").content.decode())
    (rename,) = calls(
        sure().post(own + "settings/", EVERY_PAGE[0][1], follow=True).content.decode()
    )
    digest = parse_qs(urlsplit(shlex.split(rename)[3]).query)["plan_digest"][0]
    assert sent(rename, cast.keys["admin"], plan_digest=digest).status_code == 200
    assert sent(call, cast.keys["admin"]).status_code == 412
    (call,) = calls(sure().get(f"{own}delete/").content.decode())
    answer = sent(call, cast.keys["admin"])
    assert answer.status_code == 200
    assert json.loads(answer.content)["namespace_id"] == cast.own.namespace_id


def test_the_end_shows_a_call_that_moves_it(browse, own, cast):
    shown = calls(browse().get(f"{own}settings/").content.decode())
    (call,) = [call for call in shown if "/extend" in call]
    answer = sent(call, cast.keys["admin"])
    assert answer.status_code == 200
    end = datetime.fromisoformat(json.loads(answer.content)["expires_at"])
    assert timedelta(days=6, hours=23) < end - timezone.now() <= timedelta(days=7)


def test_a_job_shows_the_call_that_cancels_it_while_it_can(browse, own, cast):
    client = browse()
    start_clone(client, f"{own}clone/", {"namespace_name": "a copy"})
    address = f"/jobs/{Job.objects.get().job_id}/"
    (call,) = calls(client.get(address).content.decode())
    assert sent(call, cast.keys["admin"]).status_code == 200
    assert Job.objects.get().cancel_requested or not Job.objects.get().is_live
    assert calls(client.get(address).content.decode()) == []


def test_a_template_shows_the_calls_that_keep_and_use_it(browse, own, cast):
    (call,) = calls(browse().get(f"{own}template/").content.decode())
    kept = sent(call, cast.keys["admin"])
    assert kept.status_code == 201
    address = f"/templates/{json.loads(kept.content)['template_id']}/"
    (call,) = calls(browse().get(address).content.decode())
    assert sent(call, cast.keys["admin"]).status_code == 201


def test_a_creation_shows_a_call_that_the_api_takes(browse, cast):
    (call,) = calls(browse().get("/namespaces/new/").content.decode())
    assert sent(call, cast.keys["admin"], dry_run="true").status_code == 200


@pytest.mark.parametrize(
    "page",
    [
        "/organization/members/new/",
        "/organization/keys/new/",
    ],
)
def test_what_the_api_has_no_operation_for_shows_no_call(sure, page):
    response = sure().get(page)
    assert response.status_code == 200
    assert "As curl" not in response.content.decode()


def test_a_repair_is_its_calls(browse, cast):
    broken = make_namespace(
        cast.northlight,
        "out of sync",
        feature_extractors=[
            {"feature_extractor_name": "face_identity_extractor", "version": "v1"},
            {"feature_extractor_name": "image_extractor", "version": "v1"},
        ],
    )
    address = f"/namespaces/{broken.namespace_id}/repair/"
    text = browse().post(address, {}, follow=True).content.decode()
    (call,) = calls(text)
    assert "Back to editing" not in text
    digest = re.search(r'name="digest" value="(\w+)"', text)
    answer = sent(call, cast.keys["admin"], dry_run="true")
    assert digest
    assert json.loads(answer.content)["plan"]["digest"] == digest[1]
