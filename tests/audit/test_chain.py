"""The chain: whatever is done to the rows behind its back is noticed and named."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from nsadmin.audit import record
from nsadmin.audit.models import AuditEvent, ChainEntry, ChainHead, Outcome
from nsadmin.audit.record import RecordedActor
from nsadmin.audit.triggers import remove
from nsadmin.audit.verify import Fault, organizations, verify

ORGANIZATION = "org_a"
pytestmark = pytest.mark.django_db


def write(summary: str, organization_id: str = ORGANIZATION) -> AuditEvent:
    """Record an attempt and its outcome: two entries of the chain."""
    return record.record(
        Outcome.DONE,
        action="namespace:update",
        summary=summary,
        actor=RecordedActor("user", "1", "mara"),
        organization_id=organization_id,
        namespace_id="ns_a",
        changes=[{"kind": "set_field", "before": 1.5, "after": "né 🎬"}],
    )


@pytest.fixture
def three() -> list[AuditEvent]:
    """Three events, six entries, and no trigger in the way."""
    events = [write(word) for word in ("first", "second", "third")]
    remove(using="default")
    return events


def fault() -> Fault:
    """The first fault."""
    return verify(ORGANIZATION).faults[0]


def test_what_was_written_is_intact() -> None:
    write("first")
    write("other", "org_b")
    write("second")
    verdict = verify(ORGANIZATION)
    assert (verdict.count, verdict.faults) == (4, ())
    assert organizations() == ["org_a", "org_b"]
    assert verify("org_b").faults == ()


@contextmanager
def before_reading(table: str, act: Callable[[], object]) -> Iterator[None]:
    """Act once, right before the first statement that reads the table."""
    acted: list[str] = []

    def wrap(execute, sql, *rest):
        if f'FROM "audit_{table}"' in sql and not acted:
            acted.append(sql)
            act()
        return execute(sql, *rest)

    with connection.execute_wrapper(wrap):
        yield
    assert len(acted) == 1


@pytest.mark.parametrize("table", ["auditevent", "chainhead"])
def test_what_is_written_while_it_verifies_is_no_fault(table: str) -> None:
    """Entries are read first, then events, then where the chain ends."""
    op_id, actor = record.new_op_id(), RecordedActor("user", "1", "mara")
    record.attempt(
        op_id=op_id,
        action="namespace:update",
        summary="under way",
        actor=actor,
        organization_id=ORGANIZATION,
    )

    def act() -> None:
        record.close(op_id, Outcome.DONE)
        write("new")

    with before_reading(table, act):
        verdict = verify(ORGANIZATION)
    assert (verdict.count, verdict.faults) == (4, ())


def test_a_changed_row_is_named_while_others_are_written(three) -> None:
    AuditEvent.objects.filter(pk=three[1].pk).update(summary="something else")
    with before_reading("chainhead", lambda: write("new")):
        verdict = verify(ORGANIZATION)
    assert verdict.count == 8
    assert [found.op_id for found in verdict.faults] == [three[1].op_id]


def test_an_attempt_its_refresh_and_its_endings_are_all_covered() -> None:
    op_id = record.new_op_id()
    told: dict[str, Any] = {
        "op_id": op_id,
        "action": "namespace:update",
        "actor": RecordedActor("user", "1", "mara"),
        "organization_id": ORGANIZATION,
    }
    record.attempt(summary="planned from revision 1", **told)
    record.attempt(summary="planned from revision 2", **told)
    assert record.close(op_id, Outcome.ACCEPTED)
    assert record.close(op_id, Outcome.DONE)
    assert not record.close(op_id, Outcome.FAILED)
    assert not record.close("op_nobody_knows", Outcome.DONE)
    assert AuditEvent.objects.get().outcome == "done"
    verdict = verify(ORGANIZATION)
    assert (verdict.count, verdict.faults) == (4, ())


def test_it_costs_a_few_queries(django_assert_max_num_queries) -> None:
    write("makes the chain's end")
    with django_assert_max_num_queries(15):  # savepoints included
        write("an attempt and its outcome")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("summary", "something else"),
        ("actor_label", "somebody else"),
        ("outcome", "refused"),
        ("changes", []),
        ("revision", 7),
        ("id", 99),
        ("namespace_id", ""),
    ],
)
def test_a_changed_row_is_named(three, column: str, value: object) -> None:
    AuditEvent.objects.filter(pk=three[1].pk).update(**{column: value})
    found = fault()
    assert (found.number, found.op_id) == (4, three[1].op_id)
    assert "was changed" in found.sentence


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_removed_row_is_named(three, which: int) -> None:
    three[which].delete()
    found = fault()
    assert (found.number, found.op_id) == (2 * which + 2, three[which].op_id)
    assert "was removed" in found.sentence


def test_a_row_removed_with_its_entries_is_noticed(three) -> None:
    ChainEntry.objects.filter(op_id=three[1].op_id).delete()
    three[1].delete()
    assert fault().number == 3


def test_a_cut_end_is_noticed(three) -> None:
    ChainEntry.objects.filter(op_id=three[2].op_id).delete()
    three[2].delete()
    found = fault()
    assert found.number == 5
    assert "does not end" in found.sentence


def test_a_chain_that_vanished_is_noticed(three) -> None:
    for model in (ChainEntry, ChainHead):
        model.objects.all().delete()
    assert len(verify(ORGANIZATION).faults) == 4
    assert organizations() == [ORGANIZATION]


def test_an_inserted_row_is_named(three) -> None:
    made = AuditEvent.objects.create(
        op_id="op_forged", action="x", organization_id=ORGANIZATION, outcome="done"
    )
    found = fault()
    assert found.op_id == "op_forged"
    assert f"Row {made.pk} was inserted" in found.sentence


def test_an_inserted_entry_is_named(three) -> None:
    ChainEntry.objects.create(
        organization_id=ORGANIZATION,
        number=7,
        op_id=three[0].op_id,
        content="0" * 64,
        hash="0" * 64,
    )
    assert fault().number == 7


def test_reordered_entries_are_noticed(three) -> None:
    first, second = ChainEntry.objects.filter(number__in=(3, 5)).order_by("number")
    ChainEntry.objects.filter(pk=first.pk).update(number=1000)
    ChainEntry.objects.filter(pk=second.pk).update(number=3)
    ChainEntry.objects.filter(pk=first.pk).update(number=5)
    assert fault().number == 3


def test_rows_that_changed_places_are_noticed(three) -> None:
    first, second = three[0].pk, three[1].pk
    AuditEvent.objects.filter(pk=first).update(id=1000)
    AuditEvent.objects.filter(pk=second).update(id=first)
    AuditEvent.objects.filter(pk=1000).update(id=second)
    assert fault().op_id == three[0].op_id


def test_a_row_given_to_another_organization_is_noticed(three) -> None:
    write("theirs", "org_b")
    AuditEvent.objects.filter(pk=three[1].pk).update(organization_id="org_b")
    assert "was removed" in fault().sentence
    assert "was inserted" in verify("org_b").faults[0].sentence


def test_another_key_is_suspected(three, settings) -> None:
    settings.NSADMIN_KEY_PEPPER = "another pepper, long enough to pass checks"
    found = fault()
    assert found.number == 1
    assert "NSADMIN_KEY_PEPPER" in found.sentence


def test_entries_of_an_older_pepper_verify_while_it_is_configured(
    three, settings
) -> None:
    old = settings.NSADMIN_KEY_PEPPER
    settings.NSADMIN_KEY_PEPPER = f"a newer pepper that is long enough too,{old}"
    write("fourth")
    assert verify(ORGANIZATION).faults == ()
    AuditEvent.objects.filter(pk=three[0].pk).update(summary="else")
    assert "was changed" in fault().sentence


# The command ---------------------------------------------------------------------------


def test_the_command_says_that_all_is_intact(capsys) -> None:
    write("first")
    call_command("audit", "verify")
    assert capsys.readouterr().out.startswith("org_a entries=2 head=")


def test_the_command_names_the_first_broken_row(three, capsys) -> None:
    AuditEvent.objects.filter(pk=three[2].pk).update(summary="else")
    three[1].delete()
    write("theirs", "org_b")
    with pytest.raises(SystemExit) as ended:
        call_command("audit", "verify")
    assert ended.value.code == 1
    told = capsys.readouterr()
    assert f"org_a broken at entry 4 {three[1].op_id}: Its row was removed" in told.err
    assert "(2 in all)" in told.err
    assert told.out.startswith("org_b entries=2")


def test_the_command_notices_a_cut_end_by_an_earlier_output(
    three, tmp_path, capsys
) -> None:
    call_command("audit", "verify", "--organization", ORGANIZATION)
    earlier = tmp_path / "earlier"
    earlier.write_text(capsys.readouterr().out)
    call_command("audit", "verify", "--against", str(earlier))
    ChainEntry.objects.filter(number__gt=4).delete()
    three[2].delete()
    last = ChainEntry.objects.get(number=4)
    ChainHead.objects.update(number=4, hash=last.hash)
    call_command("audit", "verify")
    with pytest.raises(SystemExit):
        call_command("audit", "verify", "--against", str(earlier))


@pytest.mark.parametrize(
    "more", [("--organization", "org_nobody"), ("--against", "/nothing/here")]
)
def test_the_command_that_cannot_check_ends_with_two(more: tuple[str, str]) -> None:
    with pytest.raises(CommandError) as ended:
        call_command("audit", "verify", *more)
    assert ended.value.returncode == 2
