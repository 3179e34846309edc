"""Support sessions: asked, decided, ended by people and by time; and who sees then."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.keys.keys import actor_of_key, create_key
from nsadmin.access.models import Organization, SupportSession, User
from nsadmin.access.organization import invitations
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.permissions import Role
from nsadmin.access.support import grants, listing, sessions
from nsadmin.audit import verify
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from nsadmin.namespaces.tasks import purge
from tests.access.races import at_once
from tests.people import People, gather


@pytest.fixture
def people(db: None) -> People:
    return gather()


def acting(people: People, who: str = "support") -> Actor:
    found = actor_of_user(people.users[who], None)
    assert found is not None
    return found


def sees(people: People, who: str = "support") -> bool:
    """Whether the next request of this person, and of their key, sees Northlight."""
    internal_id = people.northlight.internal_id
    by_page = acting(people, who).sees(internal_id)
    assert actor_of_key(people.keys[who]).sees(internal_id) == by_page
    return by_page


def needing_approval(people: People) -> Organization:
    sessions.set_approval(acting(people, "admin"), people.northlight, needed=True)
    return Organization.objects.get(pk=people.northlight.pk)


def moved(session: SupportSession, **values: object) -> None:
    SupportSession.objects.filter(pk=session.pk).update(**values)


def told(people: People) -> list[tuple[str, str]]:
    """Action and session of the events of Northlight, oldest first."""
    rows = AuditEvent.objects.filter(organization_id=people.northlight.organization_id)
    return list(rows.order_by("pk").values_list("action", "support_session"))


# Asking ------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["support", "platform_admin"])
def test_staff_see_nothing_until_they_ask(people: People, who: str) -> None:
    assert not sees(people, who)
    session = people.open_session(who, people.northlight)
    assert sees(people, who)
    assert not acting(people, who).sees(people.halden.internal_id)
    session_id = session.session_id
    assert told(people) == [("support:ask", session_id), ("support:begin", session_id)]


def test_a_session_is_of_one_person_alone(people: People) -> None:
    people.open_session("support", people.northlight)
    assert not sees(people, "platform_admin")


def test_a_session_that_ends_between_two_reads_of_a_key_refuses_it(
    people: People,
) -> None:
    session = people.open_session("support", people.northlight)
    user = people.users["support"]
    _, plaintext = create_key(
        people.northlight, name="at theirs", role=Role.VIEWER, creator=user
    )
    assert actor_of_key(plaintext).role == Role.VIEWER

    def ending(execute: Any, sql: str, *args: Any) -> Any:
        result = execute(sql, *args)
        if "access_apikey" in sql and sql.startswith("SELECT"):
            rows = SupportSession.objects.filter(pk=session.pk)
            rows.update(ended_at=timezone.now())
        return result

    with connection.execute_wrapper(ending), pytest.raises(Unauthorized):
        actor_of_key(plaintext)


def test_a_key_without_a_creator_has_no_session(people: People) -> None:
    people.users["support"].api_keys.update(creator=None)
    people.open_session("support", people.northlight)
    key = actor_of_key(people.keys["support"])
    assert not key.sees(people.northlight.internal_id)


@pytest.mark.parametrize(
    ("reason", "minutes", "at"),
    [
        ("", 60, "reason"),
        ("  ", 60, "reason"),
        ("x\u202ey", 60, "reason"),
        ("x" * 501, 60, "reason"),
        ("why", 16, "minutes"),
        ("why", 0, "minutes"),
    ],
)
def test_bad_input_is_refused(
    people: People, reason: str, minutes: int, at: str
) -> None:
    with pytest.raises(Invalid) as caught:
        sessions.ask(
            people.users["support"],
            acting(people),
            people.northlight.organization_id,
            reason=reason,
            minutes=minutes,
        )
    assert list(caught.value.errors) == [at]
    assert not SupportSession.objects.exists()


def test_the_operator_itself_and_an_unknown_organization_need_no_session(
    people: People,
) -> None:
    for organization_id in (people.operator.organization_id, "org_unknown"):
        with pytest.raises(NotFound):
            sessions.ask(
                people.users["support"],
                acting(people),
                organization_id,
                reason="why",
                minutes=15,
            )


def test_one_session_at_a_time_for_a_person_and_an_organization(people: People) -> None:
    first = people.open_session("support", people.northlight)
    people.open_session("support", people.halden)
    people.open_session("platform_admin", people.northlight)
    with pytest.raises(Conflict, match="is running") as caught:
        people.open_session("support", people.northlight)
    assert caught.value.details["session_id"] == first.session_id
    sessions.end_own(acting(people), people.users["support"], first.session_id)
    assert people.open_session("support", people.northlight)


def test_the_database_keeps_a_second_open_session_out(people: People) -> None:
    first = people.open_session("support", people.northlight)
    first.pk = "sup_other"
    with pytest.raises(IntegrityError):
        first.save(force_insert=True)


# The approval ------------------------------------------------------------------------


def test_where_an_approval_is_needed_nothing_is_seen_before_it(people: People) -> None:
    northlight = needing_approval(people)
    session = people.open_session("support", northlight)
    assert not sees(people)
    sessions.approve(acting(people, "admin"), northlight, session.session_id)
    assert sees(people)
    session.refresh_from_db()
    assert session.approved_by == people.users["admin"].email
    assert session.ends_at == session.approved_at + timedelta(minutes=60)
    with pytest.raises(Conflict):
        sessions.refuse(acting(people, "admin"), northlight, session.session_id)
    assert [action for action, _ in told(people)] == [
        "support:approval",
        "support:ask",
        "support:approve",
        "support:begin",
    ]


def test_a_refused_session_shows_nothing_and_may_be_asked_again(people: People) -> None:
    northlight = needing_approval(people)
    session = people.open_session("support", northlight)
    sessions.refuse(acting(people, "admin"), northlight, session.session_id)
    assert not sees(people)
    with pytest.raises(Conflict):
        sessions.approve(acting(people, "admin"), northlight, session.session_id)
    again = people.open_session("support", northlight)
    assert again.approved_at is None


def test_an_ask_lapses_after_a_day(people: People) -> None:
    northlight = needing_approval(people)
    session = people.open_session("support", northlight)
    moved(session, asked_at=timezone.now() - grants.PENDING_FOR)
    with pytest.raises(Conflict):
        sessions.approve(acting(people, "admin"), northlight, session.session_id)
    assert not sees(people)
    again = people.open_session("support", northlight)
    session.refresh_from_db()
    assert listing.state_of(session, timezone.now()) == "undecided"
    assert listing.state_of(again, timezone.now()) == "waiting"


def test_another_organizations_admin_decides_nothing(people: People) -> None:
    session = people.open_session("support", needing_approval(people))
    stranger = acting(people, "stranger")
    for act in (sessions.approve, sessions.refuse, sessions.end, sessions.acknowledge):
        with pytest.raises(NotFound):
            act(stranger, people.halden, session.session_id)


def test_staff_invite_nobody_in_a_session(people: People) -> None:
    people.open_session("platform_admin", people.northlight)
    with pytest.raises(Forbidden):
        invitations.invite(
            acting(people, "platform_admin"),
            people.northlight,
            people.users["platform_admin"],
            email="friend@example.org",
            name="Friend",
            role=Role.ADMIN,
        )
    assert not people.northlight.invitations.exists()


def test_staff_decide_nothing_for_the_organization(people: People) -> None:
    northlight = needing_approval(people)
    session = people.open_session("platform_admin", northlight)
    platform = acting(people, "platform_admin")
    for act in (sessions.approve, sessions.refuse, sessions.end, sessions.acknowledge):
        with pytest.raises(Forbidden):
            act(platform, northlight, session.session_id)
    with pytest.raises(Forbidden):
        sessions.set_approval(platform, northlight, needed=False)
    assert not sees(people, "platform_admin")


# The emergency -----------------------------------------------------------------------


def emergency(people: People, organization: Organization) -> SupportSession:
    return sessions.ask(
        people.users["platform_admin"],
        acting(people, "platform_admin"),
        organization.organization_id,
        reason="The disk is full.",
        minutes=15,
        break_glass=True,
    )


def test_an_emergency_begins_without_the_approval_and_is_told(people: People) -> None:
    northlight = needing_approval(people)
    waiting = people.open_session("platform_admin", northlight)
    session = emergency(people, northlight)
    assert sees(people, "platform_admin")
    waiting.refresh_from_db()
    assert listing.state_of(waiting, timezone.now()) == "withdrawn"
    assert ("support:break-glass", session.session_id) in told(people)
    for for_admins in (True, False):
        found = listing.notes(northlight, for_admins=for_admins)
        assert [note.kind for note in found] == ["emergency"]

    platform = acting(people, "platform_admin")
    user = people.users["platform_admin"]
    sessions.end_own(platform, user, session.session_id)
    assert listing.notes(northlight, for_admins=False) == []
    assert len(listing.notes(northlight, for_admins=True)) == 1
    sessions.acknowledge(acting(people, "admin"), northlight, session.session_id)
    assert listing.notes(northlight, for_admins=True) == []


def test_an_emergency_that_nobody_noted_is_told_for_a_week(people: People) -> None:
    northlight = needing_approval(people)
    session = emergency(people, northlight)
    ended = timezone.now() - timedelta(days=6)
    moved(session, asked_at=ended, approved_at=ended, ends_at=ended)
    assert len(listing.notes(northlight, for_admins=True)) == 1
    moved(session, asked_at=timezone.now() - listing.TOLD_FOR)
    assert listing.notes(northlight, for_admins=True) == []


def test_no_emergency_without_the_rule(people: People) -> None:
    with pytest.raises(Conflict, match="does not require"):
        emergency(people, people.northlight)


# The end -----------------------------------------------------------------------------


def test_a_session_ends_at_its_time_and_not_after(people: People) -> None:
    session = people.open_session("support", people.northlight)
    end = session.ends_at
    assert end is not None
    just_before = end - timedelta(microseconds=1)
    assert grants.running(just_before).filter(pk=session.pk).exists()
    assert not grants.running(end).filter(pk=session.pk).exists()
    assert grants.overdue(end).filter(pk=session.pk).exists()
    assert not grants.overdue(just_before).filter(pk=session.pk).exists()
    assert listing.state_of(session, just_before) == "running"
    assert listing.state_of(session, end) == "over"


def test_the_sweep_records_an_end_by_time_once(people: People) -> None:
    session = people.open_session("support", people.northlight)
    moved(session, ends_at=timezone.now())
    assert not sees(people)
    purge()
    purge()
    session.refresh_from_db()
    assert session.ended_at == session.ends_at
    assert listing.state_of(session, timezone.now()) == "over"
    ends = [e for e in told(people) if e == ("support:end", session.session_id)]
    assert len(ends) == 1
    assert not verify.verify(people.northlight.organization_id).faults


def test_an_admin_of_the_organization_ends_it_for_the_next_look(people: People) -> None:
    session = people.open_session("support", people.northlight)
    assert sees(people)
    admin = acting(people, "admin")
    sessions.end(admin, people.northlight, session.session_id)
    assert not sees(people)
    count = len(told(people))
    sessions.end(admin, people.northlight, session.session_id)
    assert len(told(people)) == count
    session.refresh_from_db()
    assert session.ended_by == admin.label


def test_nobody_ends_the_session_of_another_person_as_their_own(people: People) -> None:
    session = people.open_session("support", people.northlight)
    platform = acting(people, "platform_admin")
    with pytest.raises(NotFound):
        sessions.end_own(platform, people.users["platform_admin"], session.session_id)
    assert sees(people)


def test_a_role_taken_away_or_an_account_switched_off_ends_the_sight(
    people: People,
) -> None:
    people.open_session("support", people.northlight)
    user = people.users["support"]
    User.objects.filter(pk=user.pk).update(is_active=False)
    user.refresh_from_db()
    assert grants.grants_of(user) == ()
    User.objects.filter(pk=user.pk).update(is_active=True, platform_role="")
    user.refresh_from_db()
    actor = actor_of_user(user, people.northlight.organization_id)
    assert actor is not None
    assert not actor.sees(people.northlight.internal_id)


def test_a_suspended_organization_can_still_be_helped(people: People) -> None:
    Organization.objects.filter(pk=people.northlight.pk).update(
        suspended_at=timezone.now()
    )
    people.open_session("support", people.northlight)
    assert sees(people)


def test_sessions_go_with_their_organization(people: People) -> None:
    people.open_session("support", people.halden)
    Organization.objects.filter(pk=people.halden.pk).delete()
    assert acting(people).grants == ()


# Races -------------------------------------------------------------------------------


def test_two_asks_at_once_make_one_session(own_rows: None) -> None:
    people = gather()

    def ask() -> None:
        people.open_session("support", people.northlight)

    assert at_once(ask, ask) == ["", "Conflict"]
    assert SupportSession.objects.count() == 1


def test_approving_and_refusing_at_once_decides_once(own_rows: None) -> None:
    people = gather()
    northlight = needing_approval(people)
    session = people.open_session("support", northlight)
    admin, session_id = acting(people, "admin"), session.session_id
    results = at_once(
        lambda: sessions.approve(admin, northlight, session_id),
        lambda: sessions.refuse(admin, northlight, session_id),
    )
    assert results == ["", "Conflict"]
    session.refresh_from_db()
    assert (session.approved_at is None) != (session.refused_at is None)


def test_two_ends_at_once_are_one_end(own_rows: None) -> None:
    people = gather()
    session = people.open_session("support", people.northlight)
    admin, support = acting(people, "admin"), acting(people)
    session_id, user = session.session_id, people.users["support"]
    results = at_once(
        lambda: sessions.end(admin, people.northlight, session_id),
        lambda: sessions.end_own(support, user, session_id),
    )
    assert results == ["", ""]
    assert [action for action, _ in told(people)].count("support:end") == 1
