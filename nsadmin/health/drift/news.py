"""The event that a namespace and its collection differ, once for each time they do."""

from django.db.models import Min

from nsadmin.health.models import DriftRow
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.notifications import kinds, outbox
from nsadmin.notifications.outbox import News


def write(namespace_id: str) -> None:
    """Write the event of stored differences, unless it was written before.

    The oldest of them stands for this time: later differences beside it are no news.
    """
    stored = DriftRow.objects.filter(namespace_id=namespace_id, cluster="")
    since = stored.aggregate(at=Min("first_seen"))["at"]
    row = MirroredNamespace.objects.filter(namespace_id=namespace_id).first()
    if since is None or row is None:
        return
    news = News(
        kind=kinds.DRIFT,
        key=f"drift:{namespace_id}:{since.isoformat()}",
        organization_id=row.organization_id,
        facts={"namespace_id": namespace_id, "namespace_name": row.name},
    )
    outbox.write([news])
