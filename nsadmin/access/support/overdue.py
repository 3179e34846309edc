"""Recording the ends of support sessions whose time is over.

Their access has ended by the times alone; a schedule calls this for the audit.
"""

from typing import Final

from django.db import transaction
from django.utils import timezone

from nsadmin.access.actor import SYSTEM
from nsadmin.access.support import events, grants

# The ends that one run of the schedule records; more wait for the next run.
_AT_ONCE: Final = 200


def overdue_ids() -> list[str]:
    """Return sessions whose time is over and whose end is not recorded yet."""
    rows = grants.overdue(timezone.now()).order_by("asked_at")
    return list(rows.values_list("session_id", flat=True)[:_AT_ONCE])


@transaction.atomic
def record_overdue(session_id: str) -> bool:
    """Record the end of a session whose time is over; False if that is done already."""
    now = timezone.now()
    rows = grants.overdue(now).select_related("organization", "user")
    session = rows.filter(session_id=session_id).first()
    if session is None:
        return False
    over = session.ends_at or session.asked_at + grants.PENDING_FOR
    if not grants.overdue(now).filter(pk=session.pk).update(ended_at=over):
        return False
    why = "its time ran out" if session.approved_at else "no admin answered it"
    summary = f"The support session of {session.user.email} ended: {why}."
    events.record_event(session, SYSTEM, "support:end", summary)
    return True
