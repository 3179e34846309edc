"""The configuration page: shown, downloaded, sent back as a plan, refused by line."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from nsadmin.audit.models import AuditEvent
from nsadmin.namespaces.schema import config, document
from nsadmin.stores.mongo import namespaces as store
from tests.pages.conftest import HTMX
from tests.pages.plans import hidden, plan_address


def now(cast) -> str:
    """The configuration as the store has it."""
    raw = store.get(cast.own.namespace_id)
    return config.to_yaml(document.read(raw))


def changed(cast) -> str:
    """The same with another description and one index."""
    text = now(cast).replace("description: ''", "description: From a file.")
    index = "payload_indexes:\n- field_name: rank\n  type: integer\n"
    return text.replace("payload_indexes: []\n", index)


def test_shows_and_downloads_what_is(browse, own, cast):
    cast.open_sessions()
    text = browse("viewer").get(f"{own}config/").content.decode()
    assert "namespace_name: film archive" in text
    assert "Preview plan" not in text
    response = browse("support").get(f"{own}config/?download=1")
    raw = store.get(cast.own.namespace_id)
    assert response.content.decode() == config.to_file(document.read(raw))
    assert response.headers["Content-Type"] == "application/yaml; charset=utf-8"
    filename = f'filename="{cast.own.namespace_id}.yaml"'
    assert response.headers["Content-Disposition"] == f"attachment; {filename}"


def test_a_file_becomes_a_plan_and_then_the_configuration(browse, own, cast):
    client, wanted = browse("member"), changed(cast)
    file = SimpleUploadedFile("c.yaml", b"\xef\xbb\xbf" + wanted.encode())
    form = {"config": "ignored: 1", "file": file}
    shown = client.post(f"{own}config/", form, follow=True)
    text = shown.content.decode()
    assert shown.status_code == 200
    assert "Set the description." in text
    assert "Build the integer index on rank." in text
    assert document.read(store.get(cast.own.namespace_id)).revision == 1
    done = client.post(plan_address(text), {**hidden(text), "step": "confirm"})
    assert done.headers["Location"] == f"{own}config/"
    after = document.read(store.get(cast.own.namespace_id))
    assert (after.description, after.indexes[0].field_name) == ("From a file.", "rank")
    assert AuditEvent.objects.get().outcome == "done"


def test_what_is_unchanged_is_calm(browse, own, cast):
    client = browse()
    text = now(cast).replace("\n", "\r\n")
    response = client.post(f"{own}config/", {"config": text})
    assert response.headers["Location"] == f"{own}config/"
    assert b"Nothing to change." in client.get(own).content


def test_a_fault_stands_beside_its_line_and_the_text_is_kept(browse, own, cast):
    text = changed(cast).replace("type: integer", "type: number")
    response = browse().post(f"{own}config/", {"config": text}, headers=HTMX)
    shown = response.content.decode()
    number = text.splitlines().index("  type: number") + 1
    assert response.status_code == 422
    assert f"<b>Line {number}</b>" in shown
    assert "  type: number</pre>" in shown
    assert "description: From a file.\n" in shown


def test_a_fault_of_the_plan_stands_beside_its_line_too(browse, own, cast):
    text = changed(cast).replace("field_name: rank", "field_name: namespace_id")
    shown = browse().post(f"{own}config/", {"config": text})
    number = text.splitlines().index("- field_name: namespace_id") + 1
    assert shown.status_code == 422
    assert f"<b>Line {number}</b>" in shown.content.decode()
    assert "indexed by the system" in shown.content.decode()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (b"#" * (256 * 1024 + 1), "larger than 256 KiB"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(browse, own, content, why):
    file = SimpleUploadedFile("c.yaml", content)
    form = {"config": "kept: as typed", "file": file}
    response = browse().post(f"{own}config/", form)
    assert response.status_code == 422
    assert why in response.content.decode()
    text = response.content.decode()
    assert "kept: as typed</textarea>" in text
    assert 'id="id_file_error"' in text
    assert 'id="id_config_error"' not in text
    assert "is-invalid" in re.search(r'<input[^>]*id="id_file"[^>]*>', text)[0]


def test_a_bad_file_alone_is_not_called_a_missing_text(browse, own):
    file = SimpleUploadedFile("c.yaml", b"\xff\xfe\x00")
    text = (
        browse()
        .post(f"{own}config/", {"config": "", "file": file}, follow=True)
        .content.decode()
    )
    assert "not UTF-8 text" in text
    assert "Choose a file" not in text


def test_empty_is_refused(browse, own):
    response = browse().post(f"{own}config/", {"config": ""})
    assert response.status_code == 422
    assert b"Choose a file" in response.content


def test_a_name_that_is_taken_is_told_on_top(browse, own, cast):
    from tests.cast import make_namespace

    make_namespace(cast.northlight, "taken", in_qdrant=False)
    text = now(cast).replace("film archive", "taken")
    response = browse().post(f"{own}config/", {"config": text})
    assert response.status_code == 409
    assert b"is named taken" in response.content


def test_a_member_may_not_change_infrastructure_by_it(browse, own, cast):
    text = now(cast).replace("max_concurrent_jobs: 10", "max_concurrent_jobs: 20")
    assert browse("member").post(f"{own}config/", {"config": text}).status_code == 403
    shown = browse("admin").post(f"{own}config/", {"config": text})
    assert shown.status_code == 303


def test_no_secret_is_in_it(browse, own, cast):
    raw = store.get(cast.own.namespace_id)
    canary = "canary-2c1d"
    keys = {"qdrant_api_key": canary, "qdrant_api_key_sealed": {"text": canary}}
    store.replace(raw, {**raw, "infrastructure": {**raw["infrastructure"], **keys}})
    assert canary not in browse().get(f"{own}config/").content.decode()
