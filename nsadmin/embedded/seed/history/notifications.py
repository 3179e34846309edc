"""Webhooks of Northlight: one that answers, and one whose chat is gone."""

from datetime import datetime

from nsadmin.access.models import Organization
from nsadmin.embedded.seed.data.people import NORTHLIGHT
from nsadmin.embedded.seed.history.people import actor_of
from nsadmin.notifications import kinds, webhooks
from nsadmin.notifications.models import Delivery, DeliveryState, Webhook
from nsadmin.notifications.sending import attempts, fan_out
from nsadmin.notifications.sending.attempts import Outcome
from nsadmin.notifications.webhooks import Wish
from nsadmin.stores.webhook import Answer, refusal

_PIPELINE = "wh_demopipeline"
_CHAT = "wh_demonewsroom"
_ANSWERS = {
    _PIPELINE: (Answer(200, '{"queued": true}'), 84),
    _CHAT: (Answer(410, "channel_is_archived"), 131),
}


def add_webhooks(at: datetime) -> None:
    """Noor has events sent to the pipeline and to the chat of the newsroom."""
    _add(_PIPELINE, "Ingest pipeline", "signed", list(kinds.CHOSEN))
    _add(_CHAT, "Newsroom chat", "slack", [kinds.CLONED, kinds.CLONE_FAILED])
    Webhook.objects.filter(pk__in=_ANSWERS).update(created_at=at)


def _add(webhook_id: str, name: str, style: str, chosen: list[str]) -> None:
    webhooks.create(
        actor_of("noor", NORTHLIGHT),
        Organization.objects.get(pk=NORTHLIGHT.organization_id),
        Wish(name, f"https://{style}.northlight.example/hooks/demo", chosen),
        webhook_id=webhook_id,
        style=style,
    )


def answer_webhooks(_at: datetime) -> None:
    """Both are told of what happened, and answer."""
    fan_out.run()
    rows = Delivery.objects.filter(webhook__in=_ANSWERS, state=DeliveryState.WAITING)
    for row in rows.select_related("webhook", "event"):
        if row.webhook is None or not attempts.take(row):
            continue
        answer, took_ms = _ANSWERS[row.webhook.webhook_id]
        error = "" if answer.is_success else refusal(answer).message
        attempts.record(row, row.webhook, Outcome(answer, error, took_ms))
