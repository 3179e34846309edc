"""Where an organization requires it, no door lets one person act alone."""

from datetime import UTC, datetime, timedelta

import pytest

from nsadmin.access.actor import Actor
from nsadmin.access.models import ApiKey, Membership, Organization
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.organization.second_person import Guarded
from nsadmin.access.organization.second_person_rules import set_required
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Forbidden
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.lifecycle import deletion, expiry, tombstones
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.plans import approvals, service
from nsadmin.plans.endings import Deletion, ExpiryChange
from nsadmin.plans.models import SavedPlan
from nsadmin.plans.shown import needed_ticks
from nsadmin.stores.mongo import namespaces as store
from tests.api.conftest import error_of
from tests.pages.plans import confirm, ticks_of
from tests.people import PASSWORD
from tests.plans.conftest import person, require_two


def soon() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)


def ticks(saved: SavedPlan, actor: Actor) -> set[str]:
    return needed_ticks(service.preview_again(actor, saved).plan)


def is_refused(refusal: pytest.ExceptionInfo[Conflict]) -> bool:
    return refusal.value.code == "second_person_required"


def test_nothing_is_required_by_default(cast):
    tombstones.soft_delete(person(cast), cast.own.namespace_id)
    assert store.get(cast.own.namespace_id)["deleted_at"]


@pytest.mark.parametrize("actor_kind", ["user", "key"])
def test_deleting_alone_is_refused_by_every_function(cast, actor_kind):
    require_two(cast.northlight, "delete")
    actor = person(cast) if actor_kind == "user" else cast.actor()
    own_id = cast.own.namespace_id
    for act in (
        lambda: tombstones.soft_delete(actor, own_id),
        lambda: deletion.begin(actor, own_id),
        lambda: expiry.extend(actor, own_id, soon()),
    ):
        with pytest.raises(Conflict) as refusal:
            act()
        assert is_refused(refusal)
    raw = store.get(own_id)
    assert raw["revision"] == 1
    assert not raw.get("deleted_at")


def test_the_api_answers_409_with_the_code(cast, client):
    require_two(cast.northlight, "delete")
    response = client.delete(
        f"/v1/namespaces/{cast.own.namespace_id}", headers=cast.bearer()
    )
    assert response.status_code == 409
    error = error_of(response)
    assert error["code"] == "second_person_required"
    assert error["details"]["change"] == "delete"


@pytest.mark.parametrize("wanted", [Deletion(), ExpiryChange(soon())])
def test_the_maker_cannot_confirm_and_another_person_can(cast, second, wanted):
    require_two(cast.northlight, "delete")
    own_id, maker = cast.own.namespace_id, person(cast)
    saved = service.keep(maker, own_id, wanted, source="form")
    with pytest.raises(Conflict) as refusal:
        service.confirm(maker, saved, ticks=ticks(saved, maker))
    assert is_refused(refusal)
    other = actor_of_user(second, None)
    assert other is not None
    service.confirm(other, saved, ticks=ticks(saved, other))
    event = AuditEvent.objects.get(outcome="done")
    assert event.actor_label == second.email
    assert cast.users["admin"].email in event.summary
    assert SavedPlan.objects.get().confirmed_by_label == second.email


def test_the_makers_own_key_is_no_second_person(cast):
    require_two(cast.northlight, "delete")
    maker = person(cast)
    saved = service.keep(maker, cast.own.namespace_id, Deletion(), source="form")
    with pytest.raises(Conflict) as refusal:
        service.confirm(cast.actor(), saved, ticks=ticks(saved, maker))
    assert is_refused(refusal)


def test_the_creator_of_a_key_does_not_confirm_its_plan(cast):
    require_two(cast.northlight, "delete")
    key_id = cast.actor().id
    ApiKey.objects.filter(key_id=key_id).update(creator=cast.users["admin"])
    key = cast.actor()
    saved = service.keep(key, cast.own.namespace_id, Deletion(), source="api")
    assert saved.made_by_person == str(cast.users["admin"].pk)
    with pytest.raises(Conflict) as refusal:
        service.confirm(person(cast), saved, ticks=ticks(saved, key))
    assert is_refused(refusal)


def test_a_change_of_tier_needs_two_by_api_and_form(cast, own_cluster, second):
    require_two(cast.northlight, "tier")
    own_cluster.receive(cast.own)
    own_id, maker = cast.own.namespace_id, person(cast)
    patch = parse_patch({"infrastructure": own_cluster.body()})
    with pytest.raises(Conflict) as refusal:
        commit.commit(cast.actor(), own_id, patch)
    assert is_refused(refusal)
    saved = service.keep(maker, own_id, patch, source="form")
    with pytest.raises(Conflict):
        service.confirm(maker, saved, ticks=ticks(saved, maker))
    assert store.get(own_id)["revision"] == 1
    other = actor_of_user(second, None)
    assert other is not None
    outcome = service.confirm(other, saved, ticks=ticks(saved, other))
    assert outcome.op_id
    assert store.get(own_id)["revision"] == 2


def test_the_page_names_who_may_and_lets_the_second_confirm(
    cast, client, second_client
):
    require_two(cast.northlight, "delete")
    client.force_login(cast.users["admin"])
    address = f"/namespaces/{cast.own.namespace_id}/delete/"
    sent = {"typed_name": cast.own.name, "step_up_password": PASSWORD}
    shown = client.post(address, sent, follow=True).content.decode()
    assert "A second person confirms this" in shown
    assert "Waits for a second person" in shown
    assert "Holds" not in shown
    assert "Ada" in shown
    assert 'value="confirm"' not in shown
    at = SavedPlan.objects.get()
    forced = confirm(client, shown, step_up_password=PASSWORD)
    assert forced.status_code in (409, 422)
    assert not store.get(cast.own.namespace_id).get("deleted_at")
    page = f"/namespaces/{cast.own.namespace_id}/plans/{at.plan_id}/"
    theirs = second_client.get(page).content.decode()
    assert "You confirm as the second person" in theirs
    assert "Holds" in theirs
    assert "This plan deletes" in theirs
    assert "Delete the namespace" in theirs
    assert "1 deletion" in theirs
    for wrong in ("1 setting", "Set field", "Confirm one step", "as before"):
        assert wrong not in theirs
    given = ticks_of(theirs)
    done = confirm(second_client, theirs, tick=given, step_up_password=PASSWORD)
    assert done.status_code == 303
    assert store.get(cast.own.namespace_id)["deleted_at"]


def test_a_session_that_was_left_open_is_no_second_person(cast, second_client):
    require_two(cast.northlight, "delete")
    maker, own_id = person(cast), cast.own.namespace_id
    saved = service.keep(maker, own_id, ExpiryChange(soon()), source="form")
    shown = second_client.get(f"/namespaces/{own_id}/plans/{saved.plan_id}/")
    text = shown.content.decode()
    unsure = confirm(second_client, text, tick=ticks_of(text))
    assert "Confirm your password" in unsure.content.decode()
    assert "This confirms another person&#x27;s plan." in unsure.content.decode()
    assert not store.get(own_id).get("expires_at")
    sent = {"tick": ticks_of(text), "step_up_password": PASSWORD}
    assert confirm(second_client, text, **sent).status_code == 303
    assert store.get(own_id)["expires_at"]


def test_an_admin_alone_cannot_switch_the_rule_off(cast, second):
    northlight = cast.northlight
    one, other = person(cast), actor_of_user(second, None)
    assert other is not None
    assert set_required(one, northlight, {Guarded.DELETE, Guarded.TIER})
    assert set_required(one, northlight, {Guarded.TIER}) is False
    assert set_required(one, northlight, {Guarded.TIER}) is False
    row = Organization.objects.get(pk=northlight.pk)
    assert row.second_person == ["delete", "tier"]
    assert set_required(other, northlight, {Guarded.TIER})
    row.refresh_from_db()
    assert (row.second_person, row.second_person_asked) == (["tier"], None)
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert actions == {"second-person:set", "second-person:ask"}


def test_one_admin_alone_cannot_require_another(cast):
    admins = Membership.objects.filter(organization=cast.northlight, role="admin")
    admins.exclude(user=cast.users["admin"]).delete()
    with pytest.raises(Conflict) as refusal:
        set_required(person(cast), cast.northlight, {Guarded.DELETE})
    assert refusal.value.code == "second_admin_missing"


@pytest.mark.parametrize("role", ["member", "viewer", "support"])
def test_others_do_not_set_the_rule(cast, role):
    with pytest.raises(Forbidden):
        set_required(person(cast, role), cast.northlight, {Guarded.DELETE})


def test_the_page_of_the_rule(cast, client, second):
    client.force_login(cast.users["admin"])
    page = "/organization/second-person/"
    shown = client.get(page).content.decode()
    assert "A second person confirms" in shown
    assert "needs at least two admins" in shown
    text = client.post(page, {"change": ["delete"]}, follow=True).content.decode()
    assert "Confirmations saved." in text
    unsure = client.post(page, {}, follow=True).content.decode()
    assert "Confirm your password" in unsure
    assert Organization.objects.get(pk=cast.northlight.pk).second_person_asked is None
    sent = {"step_up_password": PASSWORD}
    text = client.post(page, sent, follow=True).content.decode()
    assert "asks for fewer confirmations" in text


def test_the_only_admin_reads_why_nothing_can_be_chosen(cast, client):
    client.force_login(cast.users["admin"])
    page = "/organization/second-person/"
    shown = client.get(page).content.decode()
    assert "A second person needs two admins. Invite another admin first." in shown
    assert "<fieldset disabled>" in shown
    assert ">Save<" not in shown


def test_a_refused_choice_keeps_its_ticks(cast, client):
    client.force_login(cast.users["admin"])
    answer = client.post("/organization/second-person/", {"change": ["delete"]})
    shown = " ".join(answer.content.decode().split())
    assert answer.status_code == 409
    assert "A second person needs two admins. Invite another admin first." in shown
    assert 'value="delete" checked' in shown
    assert 'value="tier" checked' not in shown
    assert ">Save<" in shown


def test_the_maker_is_not_among_those_who_may_confirm(cast, second):
    require_two(cast.northlight, "delete")
    maker, wanted = person(cast), Deletion()
    saved = service.keep(maker, cast.own.namespace_id, wanted, source="form")
    shown = service.preview_again(maker, saved)
    found = approvals.needed(maker, saved, wanted, shown)
    assert found is not None
    assert not found.is_actor
    assert found.people == [str(second)]
