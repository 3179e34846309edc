"""Plans that may be deleted, and the secrets and input that a plan no longer needs."""

from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from nsadmin.jobs import trimming
from nsadmin.plans.models import SavedPlan

# An expired plan can be read, and edited again, for this long.
EXPIRED_KEPT_FOR: Final = timedelta(days=7)


def register() -> None:
    """Register what the schedule `trim` deletes."""
    trimming.register("plans", expired_plans)


def expired_plans() -> QuerySet[SavedPlan]:
    """Return the plans that expired some days ago; drop the secrets of expired ones.

    Confirmed plans stay as long as the audit that refers to them.
    """
    now = timezone.now()
    expired = SavedPlan.objects.filter(confirmed_at=None, expires_at__lte=now)
    expired.exclude(sealed=None).update(sealed=None)
    return expired.filter(expires_at__lte=now - EXPIRED_KEPT_FOR)
