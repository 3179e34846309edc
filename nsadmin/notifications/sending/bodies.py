"""The bodies of messages to webhooks, the same at every attempt."""

import orjson

from nsadmin.notifications import kinds
from nsadmin.notifications.models import Delivery, Event, Webhook
from nsadmin.notifications.sending import links


def body_of(delivery: Delivery, webhook: Webhook) -> bytes:
    """Return the JSON that a webhook gets, in its format."""
    if webhook.format == Webhook.Format.SLACK:
        return orjson.dumps({"text": chat_text(delivery.event)})
    event = delivery.event
    return orjson.dumps(
        {
            "type": event.kind,
            "timestamp": event.created_at,
            "data": {
                "event_id": event.event_id,
                "organization_id": event.organization_id,
                **event.facts,
                "text": kinds.sentence(event.kind, event.facts),
                "url": links.page_of(event) or None,
            },
        },
        option=orjson.OPT_UTC_Z,
    )


def chat_text(event: Event) -> str:
    """Return the sentence and the link for a chat.

    Slack reads names between < and > as mentions, so these characters of a name are
    escaped as Slack asks.
    """
    text = kinds.sentence(event.kind, event.facts)
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, written)
    page = links.page_of(event)
    return f"{text} {page}" if page else text
