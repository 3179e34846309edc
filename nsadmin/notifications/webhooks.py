"""The webhooks of an organization: adding, changing, replacing a secret, deleting."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.models import NAME_MAX, Organization
from nsadmin.access.organization.organizations import lock_row
from nsadmin.audit import record
from nsadmin.errors import Conflict, Forbidden, Invalid, NotFound, QuotaExceeded
from nsadmin.notifications import sealing
from nsadmin.notifications.kinds import CHOSEN
from nsadmin.notifications.models import Delivery, DeliveryState, Webhook
from nsadmin.stores import ssrf_guard
from nsadmin.stores.webhook import new_secret

MOST_WEBHOOKS: Final = 10
# A replaced secret signs beside the new one for this long.
OVERLAP: Final = timedelta(hours=24)
TURNED_OFF: Final = "The webhook was turned off."


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of a webhook; an empty address keeps the stored one."""

    name: str
    address: str
    kinds: Collection[str]


def of(organization: Organization) -> QuerySet[Webhook]:
    """Return the webhooks of an organization, the oldest first."""
    return Webhook.objects.filter(organization=organization)


def find(organization: Organization, webhook_id: str) -> Webhook:
    """Return a webhook of the organization, or raise NotFound."""
    row = Webhook.objects.filter(organization=organization, pk=webhook_id).first()
    if row is None:
        raise NotFound("There is no such webhook.", details={"resource": "webhook"})
    return row


def create(
    actor: Actor,
    organization: Organization,
    wish: Wish,
    *,
    webhook_id: str,
    style: str,
) -> tuple[Webhook, str]:
    """Add a webhook; return it and its secret, empty for a chat, in plain text once.

    Raises Forbidden for staff, Invalid for bad input or a taken name, QuotaExceeded,
    and Conflict if the id was used.
    """
    require_member(actor)
    row = Webhook(pk=webhook_id, organization=organization, format=style)
    if style not in Webhook.Format.values:
        raise Invalid.at("format", "Choose a format.")
    _fill(row, wish)
    plaintext = "" if style == Webhook.Format.SLACK else new_secret()
    if plaintext:
        row.secret = sealing.sealed(row, sealing.SECRET, plaintext)
    with transaction.atomic():
        lock_row(organization)
        if Webhook.objects.filter(pk=webhook_id).exists():
            raise _sent_already()
        _require_free_name(row)
        _require_place(organization)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise _sent_already() from None
        _record(actor, row, "create", f"Add the webhook “{row.name}”.", _facts(row))
    return row, plaintext


@transaction.atomic
def change(
    actor: Actor, organization: Organization, webhook_id: str, wish: Wish
) -> Webhook:
    """Change name, address or events. Raises Forbidden, NotFound and Invalid."""
    lock_row(organization)
    row = _locked(actor, organization, webhook_id)
    before, address, name = _facts(row), row.address, row.name
    _fill(row, wish)
    if row.name != name:
        _require_free_name(row)
    row.save(update_fields=["name", "origin", "address", "kinds"])
    if before != _facts(row) or address != row.address:
        summary = f"Change the webhook “{row.name}”."
        _record(actor, row, "change", summary, _facts(row), before=before)
    return row


@transaction.atomic
def turn(
    actor: Actor, organization: Organization, webhook_id: str, *, on: bool
) -> Webhook:
    """Turn a webhook on or off; what waits for one that is off fails."""
    row = _locked(actor, organization, webhook_id)
    if row.is_on != on:
        set_on(row, on=on)
        verb = "Turn on" if on else "Turn off"
        _record(actor, row, "turn", f"{verb} the webhook “{row.name}”.", None)
    return row


def set_on(row: Webhook, *, on: bool, reason: str = "") -> None:
    """Write whether a webhook is on; a new start forgets earlier failures."""
    row.is_on, row.off_reason = on, names.clip(reason, 200)
    row.failures, row.failing_since, row.paused_until = 0, None, None
    row.save(
        update_fields=[
            *("is_on", "off_reason", "failures", "failing_since", "paused_until")
        ]
    )
    if not on:
        waiting = Delivery.objects.filter(webhook=row, state=DeliveryState.WAITING)
        waiting.filter(error="").update(error=TURNED_OFF)
        waiting.update(state=DeliveryState.FAILED, next_at=None)


def secret_mark(row: Webhook) -> str:
    """Return which secret of which webhook this is; each replacement changes it."""
    replaced = row.old_secret_until.isoformat() if row.old_secret_until else "first"
    return f"{row.webhook_id} {replaced}"


@transaction.atomic
def replace_secret(
    actor: Actor, organization: Organization, webhook_id: str, *, mark: str
) -> tuple[Webhook, str]:
    """Give a webhook a new secret and return it; the old one signs for a day too.

    `mark` is the `secret_mark` of the secret to replace. Another one would end the
    secret that the receiver has: it raises Conflict, as does a webhook without one.
    """
    row = _locked(actor, organization, webhook_id)
    if row.secret is None:
        raise Conflict("Messages in this format are not signed.", code="not_signed")
    if mark != secret_mark(row):
        raise Conflict(
            "The secret was replaced after this form was opened. Sending it again "
            "changed nothing.",
            code="secret_replaced",
        )
    plaintext = new_secret()
    row.old_secret, row.old_secret_until = row.secret, timezone.now() + OVERLAP
    row.secret = sealing.sealed(row, sealing.SECRET, plaintext)
    row.save(update_fields=["secret", "old_secret", "old_secret_until"])
    _record(actor, row, "secret", f"Replace the secret of “{row.name}”.", None)
    return row, plaintext


@transaction.atomic
def delete(actor: Actor, organization: Organization, webhook_id: str) -> str:
    """Delete a webhook and its deliveries; return its name."""
    row = _locked(actor, organization, webhook_id)
    summary = f"Delete the webhook “{row.name}”."
    _record(actor, row, "delete", summary, None, before=_facts(row))
    row.delete()
    return row.name


def require_member(actor: Actor) -> None:
    """Raise Forbidden for staff: an organization decides where its events go."""
    if actor.is_staff or actor.grants:
        raise Forbidden("Only an admin of the organization can change webhooks.")


def _locked(actor: Actor, organization: Organization, webhook_id: str) -> Webhook:
    require_member(actor)
    rows = Webhook.objects.select_for_update().filter(organization=organization)
    row = rows.filter(pk=webhook_id).first()
    if row is None:
        raise NotFound("There is no such webhook.", details={"resource": "webhook"})
    return row


def _sent_already() -> Conflict:
    return Conflict(
        "This form was sent already and its webhook exists. Its secret is shown only "
        "once; if it is lost, replace it."
    )


def _require_free_name(row: Webhook) -> None:
    """Raise Invalid if another webhook of the organization, which is locked, has it."""
    others = Webhook.objects.filter(organization_id=row.organization_id, name=row.name)
    if others.exclude(pk=row.pk).exists():
        raise Invalid.at("name", f"There is already a webhook named {row.name}.")


def _require_place(organization: Organization) -> None:
    current = Webhook.objects.filter(organization=organization).count()
    if current >= MOST_WEBHOOKS:
        raise QuotaExceeded(
            f"An organization may have {MOST_WEBHOOKS} webhooks. Delete one first.",
            details={
                "resource": "webhooks",
                "current": current,
                "limit": MOST_WEBHOOKS,
            },
        )


def _fill(row: Webhook, wish: Wish) -> None:
    row.name = names.clean(wish.name, at="name", longest=NAME_MAX)
    if not row.name:
        raise Invalid.at("name", "Enter a name for the webhook.")
    row.kinds = [kind for kind in CHOSEN if kind in set(wish.kinds)]
    if not row.kinds:
        raise Invalid.at("kinds", "Choose at least one event.")
    address = wish.address.strip()
    if address:
        place, url = ssrf_guard.webhook_url(
            address, organization_id=row.organization_id
        )
        usual = ":443" if place.scheme == "https" else ":80"
        row.origin = place.url.removesuffix(usual)
        row.address = sealing.sealed(row, sealing.ADDRESS, url)
    elif not row.origin:
        raise Invalid.at("address", "Enter the address of the webhook.")


def _facts(row: Webhook) -> str:
    """Return what the audit keeps: no path of the address, which may be a secret."""
    return f"{row.name}, {row.origin}, {row.format}, {', '.join(row.kinds)}"


def _record(
    actor: record.AuditActor,
    row: Webhook,
    verb: str,
    summary: str,
    after: str | None,
    *,
    before: str | None = None,
) -> None:
    change: dict[str, Any] = {
        "field": f"webhook {row.webhook_id}",
        "before": before,
        "after": after,
        "sentence": summary,
    }
    record.record(
        action=f"webhook:{verb}",
        summary=summary,
        actor=actor,
        organization_id=row.organization_id,
        changes=[change] if before or after else [],
    )


def record_turned_off(actor: record.AuditActor, row: Webhook) -> None:
    """Write into the audit that failures turned a webhook off."""
    summary = f"Turn off the webhook “{row.name}”: {row.off_reason}"
    _record(actor, row, "turn", summary, None)
