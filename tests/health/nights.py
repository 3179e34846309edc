"""The pass of a night, from its beginning to its end."""

from nsadmin.health.models import LastComparison
from nsadmin.health.nightly import passes
from nsadmin.health.nightly.passes import SweepResult
from nsadmin.namespaces.placement.cluster_share import EVERY, ClusterShare


def night(share: ClusterShare = EVERY) -> SweepResult:
    """Compare every namespace of a share, also those that were compared just now."""
    LastComparison.objects.all().delete()
    passes.begin(share)
    return passes.go_on(share)
