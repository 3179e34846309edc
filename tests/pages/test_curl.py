"""The call that a plan page shows does the same through the API."""

import html
import json
import re
import shlex
import subprocess
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.cast import make_namespace

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
    return Client().generic(
        words[1],
        address.path,
        body or "",
        content_type="application/json",
        query_params=query,
        headers={"authorization": f"Bearer {key}"},
    )


@pytest.mark.parametrize(("page", "form"), EVERY_PAGE)
def test_the_shown_call_makes_the_same_plan(browse, own, cast, page, form):
    text = browse().post(own + page, form).content.decode()
    (call,) = calls(text)
    digest = parse_qs(urlsplit(shlex.split(call)[3]).query)["plan_digest"][0]
    answer = sent(call, cast.keys["admin"], dry_run="true")
    assert answer.status_code == 200
    plan = json.loads(answer.content)["plan"]
    assert plan["digest"] == digest
    assert f'name="digest" value="{digest}"' in text


def test_the_shown_call_carries_the_change_out(browse, own, cast):
    page, form = EVERY_PAGE[0]
    (call,) = calls(browse().post(own + page, form).content.decode())
    digest = parse_qs(urlsplit(shlex.split(call)[3]).query)["plan_digest"][0]
    answer = sent(call, cast.keys["admin"], plan_digest=digest)
    assert answer.status_code == 200
    assert json.loads(answer.content)["description"] == TRICKY


@pytest.mark.parametrize(("page", "form"), EVERY_PAGE)
def test_every_form_shows_a_call_that_the_api_takes(browse, own, cast, page, form):
    (call,) = calls(browse().get(own + page).content.decode())
    assert "dry_run=true" in call
    assert sent(call, cast.keys["admin"], dry_run="true").status_code == 200


def test_a_repair_is_its_calls(browse, cast):
    broken = make_namespace(
        cast.northlight,
        "out of sync",
        feature_extractors=[
            {"feature_extractor_name": "face_identity_extractor", "version": "v1"},
            {"feature_extractor_name": "image_extractor", "version": "v1"},
        ],
    )
    text = browse().get(f"/namespaces/{broken.namespace_id}/repair/").content.decode()
    (call,) = calls(text)
    assert "Back to editing" not in text
    digest = re.search(r'name="digest" value="(\w+)"', text)
    answer = sent(call, cast.keys["admin"], dry_run="true")
    assert digest
    assert json.loads(answer.content)["plan"]["digest"] == digest[1]
