"""The clock of operations: the present, or the moment that a program sets."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from nsadmin.audit import clock, record
from nsadmin.audit.models import Outcome
from nsadmin.audit.record import RecordedActor
from nsadmin.audit.verify import verify

ORGANIZATION = "org_clock"


def test_without_a_moment_it_is_the_present() -> None:
    before = timezone.now()
    assert before <= clock.now() <= timezone.now()


def fail_at(moment: datetime) -> None:
    with clock.set_to(moment):
        assert clock.now() == moment
        raise ValueError("within")


def test_a_moment_ends_with_its_block_even_after_an_error() -> None:
    moment = timezone.now() - timedelta(days=3)
    with pytest.raises(ValueError, match="within"):
        fail_at(moment)
    assert clock.now() > moment


@pytest.mark.django_db
def test_rows_of_the_past_have_its_time_and_belong_to_the_chain() -> None:
    moment = timezone.now() - timedelta(days=3)
    actor = RecordedActor("user", "1", "noor@northlight.example")
    with clock.set_to(moment):
        row = record.record(
            Outcome.DONE,
            action="namespace:update",
            summary="Change the description.",
            actor=actor,
            organization_id=ORGANIZATION,
        )
    row.refresh_from_db()
    assert (row.at, row.closed_at) == (moment, moment)
    verdict = verify(ORGANIZATION)
    assert not verdict.faults
    assert verdict.count == 2
