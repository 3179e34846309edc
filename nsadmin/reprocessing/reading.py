"""Reading requests with the actor's visibility, and when they are kept no longer."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from nsadmin.errors import NotFound
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.reprocessing.models import OPEN, ReprocessRequest

RECENT: Final = 50
_KEPT_FOR: Final = timedelta(days=90)
# A worker that has claimed nothing for so long is taken for one that is gone.
_WORKER_IS_KNOWN_FOR: Final = timedelta(days=30)


def of_namespace(namespace_id: str, *, limit: int = RECENT) -> list[ReprocessRequest]:
    """Return the last requests for a namespace that the actor may see, newest first."""
    rows = ReprocessRequest.objects.filter(namespace_id=namespace_id)
    return list(rows.prefetch_related("messages")[:limit])


def open_of(namespace_id: str) -> list[ReprocessRequest]:
    """Return the open requests for a namespace that the actor may see."""
    rows = ReprocessRequest.objects.filter(namespace_id=namespace_id, state__in=OPEN)
    return list(rows.order_by("created_at"))


def newest_by_extractor(
    rows: Iterable[ReprocessRequest],
) -> dict[str, ReprocessRequest]:
    """Return the newest request of each extractor; `rows` are newest first."""
    newest: dict[str, ReprocessRequest] = {}
    for row in rows:
        newest.setdefault(row.extractor_id, row)
    return newest


def of_view(view: NamespaceView, request_id: UUID | str) -> ReprocessRequest:
    """Return a request for this namespace; else raise NotFound."""
    rows = ReprocessRequest.objects.filter(namespace_id=view.namespace.namespace_id)
    try:
        row = rows.filter(request_id=UUID(str(request_id))).first()
    except ValueError:
        row = None
    if row is None:
        raise not_found()
    return row


def not_found() -> NotFound:
    """Return the error of a request that is not there, or of another organization."""
    return NotFound(
        "There is no such request to process again.",
        details={"resource": "reprocess_request"},
    )


def has_webhook() -> bool:
    """Whether the operator has set the address of a webhook."""
    return bool(settings.NSADMIN_REPROCESS_WEBHOOK_URL)


def is_connected() -> bool:
    """Whether the platform is told: by a webhook, or a worker that claimed lately."""
    if has_webhook():
        return True
    since = timezone.now() - _WORKER_IS_KNOWN_FOR
    return ReprocessRequest.objects.filter(claimed_at__gte=since).exists()


def old_requests() -> QuerySet[ReprocessRequest]:
    """Return the requests that ended long ago, for the schedule `trim`."""
    return ReprocessRequest.objects.filter(ended_at__lt=timezone.now() - _KEPT_FOR)
