"""The secrets of webhooks at rest: their addresses and what signs their messages."""

from typing import Final

from nsadmin.errors import Unavailable
from nsadmin.notifications.models import Webhook
from nsadmin.stores.seal import Binding, Resealed, Secret, current_key_id, seal, unseal

ADDRESS: Final = "address"
SECRET: Final = "secret"  # noqa: S105 - the name of a column
OLD_SECRET: Final = "old_secret"  # noqa: S105 - the name of a column
_FIELDS: Final = (ADDRESS, SECRET, OLD_SECRET)


def sealed(webhook: Webhook, field: str, value: str) -> dict[str, str]:
    """Return a secret as it is stored in a column of the webhook."""
    return seal(Secret(value), _binding(webhook, field))


def opened(webhook: Webhook, field: str) -> Secret | None:
    """Return the secret of a column; None for an empty one. Raises Unavailable."""
    stored = getattr(webhook, field)
    return None if stored is None else unseal(stored, _binding(webhook, field))


def _binding(webhook: Webhook, field: str) -> Binding:
    # A replaced secret keeps its box, so both columns have one name here.
    name = SECRET if field == OLD_SECRET else field
    return Binding(webhook.organization_id, webhook.webhook_id, f"webhook_{name}", "")


def reseal_webhooks() -> Resealed:
    """Reseal the secrets of all webhooks; may be repeated and interrupted."""
    counts, current = Resealed(), current_key_id()
    for row in Webhook.objects.iterator():
        for field in _FIELDS:
            box = getattr(row, field)
            if box is None:
                continue
            if box.get("kid") == current:
                counts.current += 1
            elif _is_resealed(row, field):
                counts.rotated += 1
            else:
                counts.unreadable += 1
    return counts


def _is_resealed(row: Webhook, field: str) -> bool:
    """Reseal one column unless it changed meanwhile."""
    try:
        secret = opened(row, field)
    except Unavailable:
        return False
    if secret is None:
        return False
    unchanged = Webhook.objects.filter(pk=row.pk, **{field: getattr(row, field)})
    return bool(unchanged.update(**{field: sealed(row, field, secret.reveal())}))
