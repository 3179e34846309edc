"""The last verification of the audit's chains."""

from collections.abc import Iterator

from django.utils import timezone
from prometheus_client import Metric

from nsadmin.audit.models import ChainCheck
from nsadmin.observability.figures.gauges import gauge


def read() -> Iterator[Metric]:
    """Read it in one query; before the first one there are no samples."""
    last = ChainCheck.objects.first()
    age_s = None if last is None else (timezone.now() - last.at).total_seconds()
    yield gauge(
        "nsadmin_audit_verified_age_seconds",
        "Seconds since all chains of the audit were verified.",
        age_s,
    )
    yield gauge(
        "nsadmin_audit_broken_chains",
        "Chains that the last verification found broken.",
        None if last is None else last.broken,
    )
