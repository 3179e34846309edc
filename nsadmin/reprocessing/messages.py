"""Messages to the platform's webhook: what they say, and when they are sent again."""

import uuid
from datetime import timedelta
from typing import Any, Final

import orjson
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.names import clip
from nsadmin.reprocessing.models import ReprocessRequest, WebhookMessage
from nsadmin.stores import webhook

# Another worker sends a message again only after this long without an outcome.
_ATTEMPT_S: Final = 60
_MOST_AT_ONCE: Final = 50


def enqueue_message(row: ReprocessRequest, event: str) -> None:
    """Store a message that the schedule sends; without a webhook, store none."""
    if settings.NSADMIN_REPROCESS_WEBHOOK_URL:
        WebhookMessage.objects.create(
            message_id=f"msg_{uuid.uuid4().hex}",
            request=row,
            event=event,
            next_at=timezone.now(),
        )


def facts_for_platform(row: ReprocessRequest) -> dict[str, Any]:
    """Return what the platform is told of a request: ids, no names and no texts."""
    return {
        "request_id": str(row.request_id),
        "organization_id": row.organization_id,
        "namespace_id": row.namespace_id,
        "feature_extractor_id": row.extractor_id,
        "vectors": list(row.vectors),
        "collection_ids": list(row.collection_ids),
        "created_at": row.created_at,
    }


def body_of(message: WebhookMessage) -> bytes:
    """Return the body, the same at every attempt."""
    return orjson.dumps(
        {
            "type": message.event,
            "timestamp": message.created_at,
            "data": facts_for_platform(message.request),
        },
        option=orjson.OPT_UTC_Z,
    )


def due() -> list[str]:
    """Return the ids of the messages whose attempt is due."""
    if not settings.NSADMIN_REPROCESS_WEBHOOK_URL:
        return []
    rows = WebhookMessage.objects.filter(next_at__lte=timezone.now())
    found = rows.order_by("next_at").values_list("message_id", flat=True)
    return list(found[:_MOST_AT_ONCE])


def deliver(message_id: str) -> bool:
    """Try to deliver a message; tell whether it was delivered now.

    Whatever the outcome, another worker that has the same id does not send it too.
    """
    message = WebhookMessage.objects.select_related("request").get(pk=message_id)
    if not _take(message):
        return False
    try:
        webhook.send(
            settings.NSADMIN_REPROCESS_WEBHOOK_URL,
            settings.NSADMIN_REPROCESS_WEBHOOK_SECRET,
            webhook.Message(
                message.message_id,
                int(timezone.now().timestamp()),
                body_of(message),
            ),
        )
    except NsadminError as failure:
        _postpone(message, failure.message)
        return False
    WebhookMessage.objects.filter(pk=message_id).update(
        delivered_at=timezone.now(), next_at=None, error=""
    )
    return True


def _take(message: WebhookMessage) -> bool:
    """Take the attempt that is due, unless another worker took it."""
    now = timezone.now()
    rows = WebhookMessage.objects.filter(
        pk=message.pk, attempts=message.attempts, next_at__lte=now
    )
    taken = rows.update(
        attempts=F("attempts") + 1, next_at=now + timedelta(seconds=_ATTEMPT_S)
    )
    message.attempts += taken
    return bool(taken)


def _postpone(message: WebhookMessage, error: str) -> None:
    pause = webhook.pause_s(message.attempts)
    next_at = None if pause is None else timezone.now() + timedelta(seconds=pause)
    WebhookMessage.objects.filter(pk=message.pk).update(
        next_at=next_at, error=clip(error, 200)
    )
