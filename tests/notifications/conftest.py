"""A listening receiver, and webhooks that lead to it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.notifications import kinds, outbox, webhooks
from nsadmin.notifications.models import Delivery, Webhook, new_webhook_id
from nsadmin.notifications.outbox import News
from nsadmin.notifications.sending import turns
from nsadmin.notifications.webhooks import Wish
from tests.cast import Cast
from tests.notifications.receiver import Receiver

Hook = Callable[..., tuple[Webhook, str]]


def person(cast: Cast, who: str = "admin") -> Actor:
    """The person of a role, signed in."""
    actor = actor_of_user(cast.users[who], None)
    assert actor is not None
    return actor


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    with closing(Receiver()) as made:
        settings.NSADMIN_WEBHOOK_HOSTS = [made.listed]
        yield made


@pytest.fixture
def hook(cast, receiver) -> Hook:
    """Makes a webhook of Northlight that leads to the receiver."""

    def make(style: str = "signed", **wanted) -> tuple[Webhook, str]:
        wish = Wish(
            name=wanted.get("name", "Pager"),
            address=wanted.get("address", receiver.address),
            kinds=wanted.get("kinds", list(kinds.CHOSEN)),
        )
        return webhooks.create(
            person(cast),
            cast.northlight,
            wish,
            webhook_id=new_webhook_id(),
            style=style,
        )

    return make


def happen(cast: Cast, number: int = 1, *, kind: str = kinds.DRIFT, **facts) -> None:
    """Write so many events of Northlight."""
    known = {
        "namespace_id": cast.own.namespace_id,
        "namespace_name": cast.own.label,
        **facts,
    }
    outbox.write(
        News(
            kind=kind,
            key=f"{kind}:{each}",
            organization_id=cast.northlight.organization_id,
            facts=known,
        )
        for each in range(number)
    )


def go(cast: Cast) -> None:
    """Do what a sweep and a worker do for Northlight."""
    turns.sweep()
    turns.deliver(cast.northlight.organization_id)


def later() -> None:
    """Let every pause be over."""
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.exclude(next_at=None).update(next_at=past)
    Webhook.objects.exclude(paused_until=None).update(paused_until=past)
