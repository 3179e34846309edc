"""Fuses: the whole platform, small organizations, purging, and a clock that jumps."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Forbidden
from nsadmin.namespaces.lifecycle import expiry, fuse, mass_expiry, reaper, tombstones
from nsadmin.namespaces.models import (
    DeletionHold,
    DeletionRun,
    MirroredNamespace,
    ReaperHold,
)
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo import namespaces as store
from tests.cast import make_namespace

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def now():
    return timezone.now().replace(microsecond=0)


def expired(owner, count, *, others=0):
    """Namespaces of an organization that are due, and some that stay."""
    dates = {"expires_at": now() - HOUR, expiry.WARNED: now() - 2 * HOUR}
    made = [
        make_namespace(owner, f"ending {number}", in_qdrant=False, **dates)
        for number in range(count)
    ]
    for number in range(others):
        make_namespace(owner, f"staying {number}", in_qdrant=False)
    return [namespace.namespace_id for namespace in made]


def buried(owner, count, *, purge_in=-HOUR):
    """Tombstones of an organization whose grace ends then."""
    dates = {"deleted_at": now() - DAY, "purge_after": now() + purge_in}
    return [
        make_namespace(owner, f"buried {n}", in_qdrant=False, **dates).namespace_id
        for n in range(count)
    ]


def left_of(ids):
    """How many of these still exist and are no tombstones."""
    return sum(not document.is_tombstone(store.get(key)) for key in ids)


def marked(ids):
    return sum("deletion" in store.get(key) for key in ids)


def test_160_of_160_in_eight_organizations_are_held(cast):
    owners = [Organization.objects.create(name=f"Customer {n}") for n in range(8)]
    ids = [key for owner in owners for key in expired(owner, 20, others=1)]
    run = reaper.cleanup_expired_namespaces()
    assert (run.deleted, run.held) == (0, 160)
    assert left_of(ids) == 160
    # No organization's own fuse holds them: it is the one over the platform.
    assert not ReaperHold.objects.exists()
    held = fuse.held_deletions(fuse.EXPIRY)
    assert len(held.rows) == 160
    assert "160 are due, but at most 20 are deleted" in held.sentence
    # They stay held, however often the schedule runs.
    assert reaper.cleanup_expired_namespaces().deleted == 0
    assert DeletionHold.objects.get().held_at == held.held_at

    with pytest.raises(Conflict):
        fuse.release(cast.actor("platform_admin"), fuse.EXPIRY, "another set")
    assert fuse.release(cast.actor("platform_admin"), fuse.EXPIRY, held.digest) == 160
    event = AuditEvent.objects.get(action="platform:release-deletions")
    assert "160 held namespaces" in event.summary
    assert reaper.cleanup_expired_namespaces().deleted == 160
    assert left_of(ids) == 0
    assert fuse.all_held() == []


def test_all_of_a_small_organization_are_held(cast):
    owner = Organization.objects.create(name="Small")
    ids = expired(owner, mass_expiry.ALL_OF + 1)
    run = reaper.cleanup_expired_namespaces()
    assert (run.deleted, run.held) == (0, mass_expiry.ALL_OF + 1)
    assert left_of(ids) == len(ids)
    held = mass_expiry.held_expiry(owner)
    cast.open_session("platform_admin", owner)
    mass_expiry.release(cast.actor("platform_admin"), owner, held.digest)
    assert reaper.cleanup_expired_namespaces().deleted == mass_expiry.ALL_OF + 1
    # Of three, all may go: that is how somebody tries things out.
    tried = expired(Organization.objects.create(name="Tried"), mass_expiry.ALL_OF)
    assert reaper.cleanup_expired_namespaces().deleted == len(tried)


def test_many_runs_of_a_day_count_together(cast):
    first = expired(cast.northlight, 12)
    assert reaper.cleanup_expired_namespaces().deleted == 12
    later = expired(cast.halden, 12)
    assert reaper.cleanup_expired_namespaces().held == 12
    assert (left_of(first), left_of(later)) == (0, 12)
    DeletionRun.objects.update(at=now() - DAY)
    # A day later: the clock is right, as the last run says.
    DeletionRun.objects.create(kind=fuse.EXPIRY, at=now() - HOUR)
    assert reaper.cleanup_expired_namespaces().deleted == 12


def test_what_an_organization_released_is_not_asked_for_again(cast):
    expired(cast.northlight, mass_expiry.MOST + 1)
    reaper.cleanup_expired_namespaces()
    held = mass_expiry.held_expiry(cast.northlight)
    mass_expiry.release(cast.actor(), cast.northlight, held.digest)
    assert reaper.cleanup_expired_namespaces().deleted == mass_expiry.MOST + 1
    assert DeletionRun.objects.get(kind=fuse.EXPIRY).deleted == 0


def test_only_a_platform_admin_releases(cast):
    buried(cast.northlight, 21)
    tombstones.purge_due()
    held = fuse.held_deletions(fuse.PURGE)
    for role in ("viewer", "admin", "support", "stranger"):
        with pytest.raises(Forbidden):
            fuse.release(cast.actor(role), fuse.PURGE, held.digest)
    assert DeletionHold.objects.get().released_at is None


# Purging ------------------------------------------------------------------------------


def test_purging_has_a_fuse(cast):
    ids = buried(cast.northlight, 21)
    run = tombstones.purge_due()
    assert (run.sent, run.held, marked(ids)) == (0, 21, 0)
    held = fuse.held_deletions(fuse.PURGE)
    fuse.release(cast.actor("platform_admin"), fuse.PURGE, held.digest)
    one_more = buried(cast.halden, 1)
    # Exactly those that were shown, and another one within what a day may have.
    assert tombstones.purge_due().sent == 22
    assert marked([*ids, *one_more]) == 22


def test_twenty_a_day_are_purged_unasked(cast):
    assert tombstones.purge_due().sent == 0
    ids = buried(cast.northlight, 20)
    assert tombstones.purge_due().sent == 20
    more = buried(cast.halden, 1)
    assert tombstones.purge_due().held == 1
    assert (marked(ids), marked(more)) == (20, 0)


def test_a_larger_platform_may_purge_a_share(cast, settings):
    settings.NSADMIN_DELETIONS_PERCENT = 50
    MirroredNamespace.objects.bulk_create(
        MirroredNamespace(namespace_id=f"ns_{n}", name=f"{n}", mirrored_at=now())
        for n in range(57)
    )
    assert MirroredNamespace.objects.count() == 60
    assert fuse.daily_limit() == 30
    settings.NSADMIN_DELETIONS_PERCENT = 10
    assert fuse.daily_limit() == 20


# The clock ----------------------------------------------------------------------------


def test_a_clock_eight_days_ahead_purges_nothing(cast, settings):
    settings.NSADMIN_DELETIONS_PER_DAY = 1000
    ids = buried(cast.northlight, 100, purge_in=7 * DAY)
    assert tombstones.purge_due().sent == 0
    ahead = now() + 8 * DAY
    for minutes in range(3):
        run = tombstones.purge_due(ahead + timedelta(minutes=minutes))
        assert (run.sent, run.held) == (0, 100)
    assert marked(ids) == 0
    held = fuse.held_deletions(fuse.PURGE)
    assert held.sentence.startswith("The database's clock is much further")
    # The clock is put right: nothing is due, and nothing is lost.
    assert tombstones.purge_due().sent == 0
    assert marked(ids) == 0


def test_a_clock_ahead_expires_nothing_either(cast):
    reaper.cleanup_expired_namespaces()
    ids = expired(cast.northlight, 6)
    run = reaper.cleanup_expired_namespaces(now() + 3 * DAY)
    assert (run.deleted, run.held) == (0, 6)
    assert left_of(ids) == 6
    assert reaper.cleanup_expired_namespaces(now() + HOUR).deleted == 6


def test_after_an_outage_a_few_go_and_many_are_asked_for(cast):
    tombstones.purge_due()
    DeletionRun.objects.update(at=now() - 3 * DAY)
    few = buried(cast.northlight, 2)
    assert tombstones.purge_due().sent == len(few)
    DeletionRun.objects.update(at=now() - 3 * DAY)
    many = buried(cast.halden, 6)
    assert tombstones.purge_due().held == 6
    held = fuse.held_deletions(fuse.PURGE)
    fuse.release(cast.actor("platform_admin"), fuse.PURGE, held.digest)
    assert tombstones.purge_due().sent == len(many)


def test_a_clock_that_went_back_deletes_nothing(cast):
    tombstones.purge_due()
    DeletionRun.objects.update(at=now() + HOUR)
    ids = buried(cast.northlight, 1)
    assert tombstones.purge_due().held == 1
    assert "behind the time of the last run" in fuse.held_deletions("purge").sentence
    assert DeletionRun.objects.get().at > now()
    held = fuse.held_deletions(fuse.PURGE)
    fuse.release(cast.actor("platform_admin"), fuse.PURGE, held.digest)
    assert tombstones.purge_due().sent == 1
    assert marked(ids) == 1


@pytest.mark.django_db
def test_the_time_is_the_databases():
    assert abs(fuse.database_now() - timezone.now()) < timedelta(minutes=1)
