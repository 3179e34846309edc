"""Plans are kept, found by those who see the namespace, and confirmed once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.audit import record
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Forbidden, Invalid, NotFound, PlanChanged
from nsadmin.jobs import trimming
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.plan.plan import ChangeRequest
from nsadmin.namespaces.plan.repair import Repair
from nsadmin.namespaces.schema.patch import NamespacePatch, parse_patch
from nsadmin.plans import finding, rates, service
from nsadmin.plans.models import SavedPlan
from nsadmin.plans.shown import tick_of
from nsadmin.stores.mongo import namespaces as store
from tests.cast import make_namespace
from tests.plans.conftest import described, person


def test_a_plan_is_kept_for_a_week_and_writes_nothing_else(cast):
    saved = described(cast)
    assert saved.made_by_label == cast.users["member"].email
    assert saved.revision == 1
    assert timedelta(days=6.9) < saved.expires_at - saved.made_at < timedelta(days=7.1)
    assert store.get(cast.own.namespace_id)["revision"] == 1
    assert not AuditEvent.objects.exists()


def test_the_same_plan_is_kept_once(cast):
    assert described(cast).plan_id == described(cast).plan_id
    assert described(cast, text="other").plan_id != described(cast).plan_id
    assert described(cast, role="admin").plan_id != described(cast).plan_id


def test_another_organization_finds_no_plan(cast):
    saved = described(cast)
    viewer = person(cast, "viewer")
    assert finding.find(viewer, cast.own.namespace_id, saved.plan_id) == saved
    stranger = cast.actor("stranger")
    for own_id in (cast.own.namespace_id, cast.foreign.namespace_id):
        with pytest.raises(NotFound):
            finding.find(stranger, own_id, saved.plan_id)
    with pytest.raises(NotFound):
        finding.find(viewer, cast.system.namespace_id, saved.plan_id)


def test_it_is_confirmed_once_and_stays_readable(cast):
    saved = described(cast)
    outcome = service.confirm(person(cast), saved, ticks=set())
    assert store.get(cast.own.namespace_id)["description"] == "planned"
    kept = SavedPlan.objects.get()
    assert kept.op_id == outcome.op_id == AuditEvent.objects.get().op_id
    assert kept.confirmed_by_label == cast.users["admin"].email
    assert [s["sentence"] for s in kept.shown["steps"]] == ["Set the description."]
    with pytest.raises(Conflict) as refused:
        service.confirm(person(cast), kept, ticks=set())
    assert refused.value.code == "plan_confirmed"
    assert finding.of_operations([kept.op_id]) == {kept.op_id: kept}


def test_a_confirmation_that_died_half_way_is_noted_later(cast):
    saved = described(cast)
    op_id = record.new_op_id()
    SavedPlan.objects.update(op_id=op_id)
    wanted = service.reading(person(cast), saved).wanted
    assert isinstance(wanted, ChangeRequest | NamespacePatch)
    commit.commit(person(cast), cast.own.namespace_id, wanted, op_id=op_id)
    found = finding.find(person(cast), cast.own.namespace_id, saved.plan_id)
    assert found.is_confirmed
    assert found.confirmed_by_label == cast.users["admin"].email
    with pytest.raises(Conflict):
        service.confirm(person(cast), found, ticks=set())


def test_a_refused_confirmation_links_no_audit_row(cast):
    saved = described(cast)
    other = parse_patch({"description": "theirs"})
    commit.commit(cast.actor("member"), cast.own.namespace_id, other)
    with pytest.raises(PlanChanged):
        service.carry_out(
            person(cast), saved, service.reading(person(cast), saved).wanted, "old"
        )
    saved.refresh_from_db()
    assert saved.op_id
    assert not saved.is_confirmed
    assert finding.of_operations([saved.op_id]) == {}


def test_a_viewer_cannot_confirm(cast):
    with pytest.raises(Forbidden):
        service.confirm(person(cast, "viewer"), described(cast), ticks=set())
    assert store.get(cast.own.namespace_id)["revision"] == 1


def test_one_that_moved_is_refused_with_the_new_plan(cast):
    indexed = make_namespace(
        cast.northlight, "indexed", indexes={"rank": {"type": "float"}}
    )
    drop = parse_patch({"payload_indexes": [], "description": "planned"})
    saved = service.keep(person(cast), indexed.namespace_id, drop, source="api")
    theirs = parse_patch({"payload_indexes": []})
    commit.commit(cast.actor("member"), indexed.namespace_id, theirs)
    assert service.holds(person(cast), saved) is False
    with pytest.raises(PlanChanged) as refused:
        service.confirm(person(cast), saved, ticks=set())
    digest = refused.value.details["plan"]["digest"]
    service.confirm(person(cast), saved, ticks=set(), digest=digest)
    assert store.get(indexed.namespace_id)["description"] == "planned"


def test_another_change_does_not_move_it(cast):
    saved = described(cast)
    renamed = parse_patch({"namespace_name": "renamed"})
    commit.commit(cast.actor("member"), cast.own.namespace_id, renamed)
    assert service.holds(person(cast), saved) is True
    service.confirm(person(cast), saved, ticks=set())
    assert store.get(cast.own.namespace_id)["revision"] == 3


def test_an_expired_one_is_refused_and_trimmed_later(cast):
    saved = described(cast)
    ended = timezone.now() - timedelta(minutes=1)
    SavedPlan.objects.update(expires_at=ended, sealed={"box": "x"})
    saved.refresh_from_db()
    with pytest.raises(Conflict) as refused:
        service.confirm(person(cast), saved, ticks=set())
    assert refused.value.code == "plan_expired"
    trimming.run()
    saved.refresh_from_db()
    assert saved.sealed is None
    SavedPlan.objects.update(expires_at=ended - timedelta(days=7))
    trimming.run()
    assert not SavedPlan.objects.exists()


def test_a_confirmed_one_is_not_trimmed(cast):
    service.confirm(person(cast), described(cast), ticks=set())
    SavedPlan.objects.update(expires_at=timezone.now() - timedelta(days=400))
    trimming.run()
    assert SavedPlan.objects.count() == 1


def test_each_warning_is_accepted(cast):
    indexed = make_namespace(
        cast.northlight, "indexed", indexes={"rank": {"type": "float"}}
    )
    drop = parse_patch({"payload_indexes": []})
    saved = service.keep(person(cast), indexed.namespace_id, drop, source="bulk")
    with pytest.raises(Invalid):
        service.confirm(person(cast), saved, ticks=set())
    [warning] = saved.shown["warnings"]
    service.confirm(person(cast), saved, ticks={tick_of(warning["sentence"])})
    assert store.get(indexed.namespace_id)["payload_indexes"] == []


def test_dropping_an_index_of_an_empty_collection_warns_of_nothing(cast):
    bare = make_namespace(
        cast.northlight, "bare", indexes={"rank": {"type": "float"}}, point_count=0
    )
    drop = parse_patch({"payload_indexes": []})
    saved = service.keep(person(cast), bare.namespace_id, drop, source="form")
    assert saved.shown["warnings"] == []


def test_a_namespace_keeps_a_bounded_number(cast, monkeypatch):
    monkeypatch.setattr(service, "MOST_OPEN", 3)
    for number in range(6):
        described(cast, text=f"number {number}")
    assert SavedPlan.objects.count() == 3


def test_builds_are_forecast_from_measured_ones(cast):
    own_id = cast.own.namespace_id
    patch = parse_patch({"payload_indexes": [{"field_name": "rank", "type": "float"}]})
    shown = commit.preview(person(cast), own_id, patch)
    expected = rates.expected(shown)
    assert expected is not None
    assert (expected.seconds, expected.measured) == (None, 0)
    saved = service.keep(person(cast), own_id, patch, source="form")
    assert saved.amount == 3
    service.confirm(person(cast), saved, ticks=set())
    SavedPlan.objects.update(amount=1000)
    event = AuditEvent.objects.get()
    took = (event.closed_at - event.at).total_seconds()
    later = rates.expected(shown)
    assert later is not None
    assert later.measured == 1
    assert later.seconds == pytest.approx(took / 1000 * 3)


def test_every_kind_of_request_reads_back(cast):
    own_id = cast.own.namespace_id
    actor = person(cast)
    repair = Repair(rebuild=True)
    saved = service.keep(actor, own_id, repair, source="form")
    assert service.reading(actor, saved).wanted == repair
