"""The audit trail of a namespace."""

import re

import pytest

from nsadmin.audit import record
from nsadmin.audit.models import AuditEvent, ChainHead, Outcome
from nsadmin.audit.record import RecordedActor
from nsadmin.namespaces.change import commit as changes
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.pages.common.badges import outcome_badge
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.pages.plans import hidden, plan_address


def write(cast, *, summary, **more):
    """Write an event about Northlight's namespace."""
    return record.record(
        Outcome.DONE,
        action="namespace:update",
        summary=summary,
        actor=RecordedActor("user", "1", "mara@northlight.example"),
        organization_id=cast.northlight.organization_id,
        **{
            "namespace_id": cast.own.namespace_id,
            "namespace_name": "film archive",
            **more,
        },
    )


def test_shows_old_and_new(browse, own, cast):
    change = {"sentence": "Change the description.", "before": "Old.", "after": "New."}
    write(cast, summary="x", changes=[change], revision=2)
    text = browse("viewer").get(f"{own}audit/").content.decode()
    assert "Change the description." in text
    assert ">Old.</del>" in text
    assert ">New.</ins>" in text
    assert "mara@northlight.example" in text


def test_shows_only_the_keys_that_differ(browse, own, cast):
    before, after = {"gpu": "T4", "jobs": 3}, {"gpu": "A100", "jobs": 3}
    write(cast, summary="x", changes=[{"before": before, "after": after}])
    text = browse().get(f"{own}audit/").content.decode()
    assert "gpu A100" in text
    assert "jobs 3" not in text


def test_what_others_do_with_a_system_namespace_is_theirs(browse, cast):
    cast.open_sessions()
    for organization in (cast.northlight, cast.halden, cast.operator):
        record.record(
            Outcome.DONE,
            action="template:create",
            summary=f"Save the template of {organization.name}.",
            actor=RecordedActor(
                "user", "1", f"somebody@{organization.organization_id}.example"
            ),
            organization_id=organization.organization_id,
            namespace_id=cast.system.namespace_id,
            namespace_name="world sample",
        )
    of = f"/namespaces/{cast.system.namespace_id}/"
    for path in (of, f"{of}audit/", f"{of}audit/?format=csv"):
        text = b"".join(browse("admin").get(path)).decode()
        assert f"Save the template of {cast.northlight.name}" in text
        assert f"Save the template of {cast.operator.name}" in text
        assert f"Save the template of {cast.halden.name}" not in text
        assert cast.halden.organization_id not in text
        text = b"".join(browse("support").get(path)).decode()
        assert f"Save the template of {cast.halden.name}" in text


@pytest.mark.parametrize("at", ["since", "until"])
def test_a_date_that_cannot_be_read_is_said(browse, own, at):
    response = browse().get(f"{own}audit/?{at}=99999-01-01")
    assert response.status_code == 422
    text = response.content.decode()
    assert "The filter cannot be read" in text
    assert f'id="id_{at}_error"' in text


def test_pages_to_older_ones(browse, own, cast):
    for number in range(27):
        write(cast, summary=f"Event number {number}.")
    client = browse()
    text = client.get(f"{own}audit/").content.decode()
    assert "Event number 26." in text
    assert "Event number 1." not in text
    before = text.split("?before=")[1].split('"')[0]
    older = client.get(f"{own}audit/?before={before}").content.decode()
    assert "Event number 1." in older
    assert client.get(f"{own}audit/?before=x").status_code == 200


def test_empty(browse, own):
    assert b"No change is recorded yet" in browse().get(f"{own}audit/").content


def test_foreign_wrong_method_signed_out(browse, own, foreign, client):
    assert browse().get(f"{foreign}audit/").status_code == 404
    assert browse().post(f"{own}audit/").status_code == 405
    assert client.get(f"{own}audit/").status_code == 302


# Filters and CSV -----------------------------------------------------------------------


def shown(response) -> str:
    assert response.status_code == 200
    return response.content.decode()


def test_filters_narrow(browse, own, cast):
    description = {"kind": "set_field", "field": "description", "before": "né"}
    write(cast, summary="First of all.", changes=[{**description, "after": None}])
    index = {"kind": "create_index", "field": "rank", "schema": {"type": "integer"}}
    write(cast, summary="Second one.", changes=[index])
    person = cast.users["member"]
    record.record(
        Outcome.REFUSED,
        action="namespace:clone",
        summary="Third thing.",
        actor=RecordedActor("user", str(person.pk), person.email),
        organization_id=cast.northlight.organization_id,
        namespace_id=cast.own.namespace_id,
    )
    found = {
        "text=rank": "Second",
        "text=N%C3%A9": "First",
        "what=description": "First",
        "what=indexes": "Second",
        "what=namespace%3Aclone": "Third",
        "outcome=refused": "Third",
        f"actor=user%3A{person.pk}": "Third",
        "outcome=done&what=indexes&text=rank": "Second",
    }
    rows = {"First": "né", "Second": "create_index", "Third": "Third thing."}
    client = browse()
    for query, word in found.items():
        lines = exported(client.get(f"{own}audit/?format=csv&{query}"))
        assert len(lines) == 2, query
        assert rows[word] in ",".join(lines[1]), query
    everything = exported(client.get(f"{own}audit/?format=csv&since=2020-01-01"))
    assert len(everything) == 4
    assert len(exported(client.get(f"{own}audit/?format=csv&until=2020-01-01"))) == 1


def exported(response) -> list[list[str]]:
    """The rows of a CSV answer."""
    import csv

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith("attachment;")
    text = b"".join(response.streaming_content).decode()
    return list(csv.reader(text.splitlines()))


def test_people_are_named_and_their_address_is_the_title(browse, own, cast):
    person = cast.users["member"]
    record.record(
        action="a",
        summary="s",
        actor=RecordedActor("user", str(person.pk), person.email),
        organization_id=cast.northlight.organization_id,
        namespace_id=cast.own.namespace_id,
    )
    text = shown(browse().get(f"{own}audit/"))
    assert f'<span title="{person.email}">Member</span>' in text


def test_nothing_matches_is_no_empty_trail(browse, own, cast):
    write(cast, summary="x")
    text = shown(browse().get(f"{own}audit/?text=nowhere"))
    assert "matches this filter" in text
    assert "No change is recorded" not in text


def test_a_filter_that_cannot_be_read_says_so(browse, own, cast):
    write(cast, summary="x")
    for query in ("since=soon", "outcome=nice", "since=2026-02-02&until=2026-01-01"):
        response = browse().get(f"{own}audit/?{query}")
        assert response.status_code == 422
        assert b"The filter cannot be read" in response.content


def test_older_keeps_the_filter(browse, own, cast):
    for number in range(27):
        write(cast, summary=f"Event number {number}.")
    text = shown(browse().get(f"{own}audit/?outcome=done"))
    assert "?outcome=done&amp;before=" in text


def test_no_cell_is_a_formula(browse, own, cast):
    for start in ("=", "+", "-", "@", "\t", "\r", " ="):
        write(cast, summary=f"{start}cmd|' /C calc'!A0")
    lines = exported(browse().get(f"{own}audit/?format=csv"))
    column = lines[0].index("summary")
    cells = [line[column] for line in lines[1:] if len(line) > column]
    assert cells
    assert all(cell.startswith("'") for cell in cells)


def test_the_csv_is_for_whom_the_page_is(browse, own, foreign, client):
    assert browse().get(f"{foreign}audit/?format=csv").status_code == 404
    assert client.get(f"{own}audit/?format=csv").status_code == 302


# The organization ----------------------------------------------------------------------


def test_the_organization_has_all_of_its_own_and_nothing_else(browse, cast):
    write(cast, summary="Ours.")
    record.record(
        action="namespace:delete",
        summary="Of one that is gone.",
        actor=RecordedActor("user", "1", "m"),
        organization_id=cast.northlight.organization_id,
        namespace_id="ns_gone",
        namespace_name="gone",
    )
    record.record(
        action="a",
        summary="Theirs.",
        actor=RecordedActor("user", "1", "m"),
        organization_id=cast.halden.organization_id,
    )
    text = shown(browse("admin").get("/organization/audit/"))
    assert "Ours." in text
    assert "Of one that is gone." in text
    assert "Theirs." not in text
    assert browse("viewer").get("/organization/audit/").status_code == 403
    lines = exported(browse("admin").get("/organization/audit/?format=csv"))
    assert len(lines) == 3


# Reverting -----------------------------------------------------------------------------


def commit(cast, body):
    """Carry out a change; return its audit row."""
    outcome = changes.commit(cast.actor(), cast.own.namespace_id, parse_patch(body))
    return AuditEvent.objects.get(op_id=outcome.op_id)


def reverted(client, own, event):
    """Go through the plan; return the plan's text and the last answer."""
    address = f"{own}audit/{event.op_id}/revert/"
    text = shown(client.post(address, follow=True))
    ticks = re.findall(r'name="tick" value="(\w+)"', text)
    form = {**hidden(text), "step": "confirm", "tick": ticks}
    return text, client.post(plan_address(text), form)


def stored(cast):
    return document.read(store.get(cast.own.namespace_id))


def test_a_change_is_reverted_once(browse, own, cast):
    event = commit(cast, {"description": "New.", "namespace_name": "film vault"})
    client = browse("member")
    assert f"{own}audit/{event.op_id}/revert/" in shown(client.get(f"{own}audit/"))
    text, done = reverted(client, own, event)
    assert "Remove the description." in text
    assert done.status_code == 303
    assert (stored(cast).description, stored(cast).name) == (None, "film archive")
    later = AuditEvent.objects.order_by("-pk")[0]
    assert (later.reverts, later.outcome) == (event.op_id, "done")
    page = shown(client.get(f"{own}audit/"))
    assert f"{own}audit/{event.op_id}/revert/" not in page
    assert "by revision 3" in page
    assert client.post(f"{own}audit/{event.op_id}/revert/").status_code == 303
    assert "Nothing to revert." in shown(
        client.get(f"{own}audit/{event.op_id}/revert/")
    )


def test_a_dropped_index_comes_back_with_its_parameters(browse, own, cast):
    schema = {"type": "text", "tokenizer": "prefix", "min_token_len": 3}
    index = {"field_name": "title", "type": "text", "field_schema": schema}
    made = commit(cast, {"payload_indexes": [index]})
    before = stored(cast).indexes
    dropped = commit(cast, {"payload_indexes": []})
    client = browse()
    reverted(client, own, dropped)
    assert stored(cast).indexes == before
    live = collections.get(shared(), cast.own.collection)
    assert live.indexes["title"].type == "text"
    reverted(client, own, made)
    assert stored(cast).indexes == ()
    assert "title" not in collections.get(shared(), cast.own.collection).indexes


def test_a_later_change_of_the_same_stands_in_the_way(browse, own, cast):
    first = commit(cast, {"description": "First."})
    commit(cast, {"description": "Second."})
    response = browse().get(f"{own}audit/{first.op_id}/revert/")
    assert response.status_code == 409
    assert b"it is \xe2\x80\x9cSecond.\xe2\x80\x9d now" in response.content
    assert stored(cast).description == "Second."


def test_a_later_change_of_something_else_does_not(browse, own, cast):
    first = commit(cast, {"description": "First."})
    commit(cast, {"namespace_name": "film vault"})
    assert reverted(browse(), own, first)[1].status_code == 303
    assert (stored(cast).description, stored(cast).name) == (None, "film vault")


def test_extractors_stay_and_that_is_said(browse, own, cast):
    extractor = {"feature_extractor_name": "text_extractor", "version": "v1"}
    event = commit(cast, {"feature_extractors": [extractor]})
    client = browse()
    assert f"{event.op_id}/revert/" not in shown(client.get(f"{own}audit/"))
    response = client.get(f"{own}audit/{event.op_id}/revert/")
    assert response.status_code == 422
    assert b"Extractors cannot be removed" in response.content


def test_the_plan_says_which_part_stays(browse, own, cast):
    extractor = {"feature_extractor_name": "text_extractor", "version": "v1"}
    event = commit(cast, {"feature_extractors": [extractor], "description": "New."})
    address = f"{own}audit/{event.op_id}/revert/"
    assert "Remove the description." in shown(browse().get(address))
    assert not SavedPlan.objects.exists(), "a GET keeps nothing"
    text = shown(browse().post(address, follow=True))
    assert "Part of it cannot be reverted." in text
    assert "those that were added stay." in text
    assert "Remove the description." in text


def test_what_is_not_there_is_missing(browse, own, foreign, cast):
    event = commit(cast, {"description": "First."})
    assert browse().get(f"{own}audit/op_nothing/revert/").status_code == 404
    assert browse().get(f"{foreign}audit/{event.op_id}/revert/").status_code == 404
    address = f"/namespaces/{cast.system.namespace_id}/audit/{event.op_id}/revert/"
    assert browse("platform_admin").get(address).status_code == 404
    assert browse("viewer").get(f"{own}audit/{event.op_id}/revert/").status_code == 403


def test_steps_beyond_three_are_folded(browse, own, cast):
    steps = [{"sentence": f"Step number {n}."} for n in range(12)]
    event = write(cast, summary="x", changes=steps)
    write(cast, summary="y", changes=steps[:3])
    for page in (f"{own}audit/", "/organization/audit/"):
        text = shown(browse().get(page))
        assert text.count('id="rest-') == 1
        at_once, _, folded = text.partition(
            f'<details class="more" id="rest-{event.op_id}">'
        )
        folded = folded.partition("</details>")[0]
        assert "and 9 more" in folded
        assert "Step number 3." not in at_once
        assert "Step number 2." not in folded
        assert folded.count("Step number") == 9


def test_a_filter_over_nothing_at_all_says_that_nothing_is_there(browse, own):
    text = shown(browse().get(f"{own}audit/?outcome=failed"))
    assert "No change is recorded yet" in text
    assert "matches this filter" not in text


def test_words_that_are_too_long_are_refused_in_our_words(browse, own):
    response = browse().get(f"{own}audit/", {"text": "x" * 2001})
    text = response.content.decode()
    assert response.status_code == 422
    assert "It may have at most 200 characters; it has 2,001." in text
    assert "Ensure this" not in text


def test_an_empty_log_is_intact(browse, cast):
    text = shown(browse().get("/organization/audit/?verify=1"))
    assert "The log is intact." in text


def test_the_organization_is_verified_on_its_page(browse, own, cast):
    commit(cast, {"description": "New."})
    text = shown(browse().get("/organization/audit/?verify=1"))
    assert "The log is intact." in text
    assert "Verify the log" in text
    ChainHead.objects.update(number=9)
    assert "fault" in shown(browse().get("/organization/audit/?verify=1"))


def test_events_are_found_by_namespace(browse, own, cast):
    write(cast, summary="Changed this one.")
    write(cast, summary="Changed another.", namespace_id="ns_2", namespace_name="two")
    for sent in ("two", "TWO", "ns_2"):
        text = shown(browse().get(f"/organization/audit/?namespace={sent}"))
        assert "Changed another." in text
        assert "Changed this one." not in text


def test_an_event_has_an_address_and_its_values_have_labels(browse, own, cast):
    event = commit(cast, {"description": "New."})
    text = shown(browse().get(f"{own}audit/?text={event.op_id}"))
    assert f"?text={event.op_id}#{event.op_id}" in text
    for word in (">Description before<", ">not set<", ">Description after<", ">New.<"):
        assert word in text


def test_an_operation_that_was_cancelled_did_not_fail():
    assert outcome_badge("failed", "cancelled").word == "Cancelled"
    assert outcome_badge("failed", "Qdrant refused a batch.").word == "Failed"


def test_what_was_done_stands_in_words_with_the_name_for_programs(browse, own, cast):
    end = {"kind": "set_expiry", "name": "film", "sentence": "Set the expiry."}
    changes_made = [
        {**end, "before": None, "after": "2027-01-31T12:00:00+00:00"},
        {
            "field": "infrastructure.compute_tier",
            "sentence": "Change the tier.",
            "before": "shared",
            "after": "dedicated_cpu",
        },
        {"sentence": "x", "before": {"max_jobs": 1}, "after": {"max_jobs": 2}},
        {"field": "namespace_name", "sentence": "Create “film”.", "after": "film"},
    ]
    write(cast, summary="x", changes=changes_made)
    text = browse("viewer").get(f"{own}audit/").content.decode()
    assert '<span title="namespace:update">Namespace changed</span>' in text
    assert ">not set</del>" in text
    assert ">31 January 2027, 12:00 UTC</ins>" in text
    assert ">Expiry before<" in text
    assert ">Tier after<" in text
    assert ">Shared</del>" in text
    assert ">Dedicated CPU</ins>" in text
    assert ">max jobs 2</ins>" in text
    assert "dedicated_cpu" not in text
    # Its sentence says what is new.
    assert ">film</ins>" not in text


def test_names_of_people_keep_their_underscores(browse, own, cast):
    secret = {"kind": "set_secret", "field": "qdrant_api_key"}
    changes_made = [
        {"field": "key sk_9l678r1…", "sentence": "Revoke it.", "before": "active"},
        {**secret, "sentence": "Store it.", "before": "", "after": "3f9c"},
    ]
    write(cast, summary="x", changes=changes_made)
    text = shown(browse().get(f"{own}audit/"))
    assert ">Key sk_9l678r1… before<" in text
    assert ">Qdrant API key after<" in text


def test_a_cancelled_one_shows_no_error(browse, own, cast):
    for error in ("cancelled", "Qdrant is full."):
        event = record.attempt(
            op_id=record.new_op_id(),
            action="namespace:clone",
            summary="Cloned.",
            actor=RecordedActor("user", "1", "mara@northlight.example"),
            organization_id=cast.northlight.organization_id,
            namespace_id=cast.own.namespace_id,
        )
        record.close(event.op_id, Outcome.FAILED, error=error)
    text = browse().get(f"{own}audit/").content.decode()
    assert "Cancelled" in text
    assert ">cancelled</span>" not in text
    assert ">Qdrant is full.</span>" in text
