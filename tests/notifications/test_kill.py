"""A worker that is killed after it has sent, and before it could record that."""

import os
import signal
import subprocess
import sys

from django.conf import settings

from nsadmin.notifications.models import Delivery, new_webhook_id
from nsadmin.notifications.sending import turns
from nsadmin.notifications.webhooks import Wish, create
from nsadmin.stores import redis
from tests.cast import assemble
from tests.notifications.conftest import happen, later, person
from tests.notifications.receiver import Receiver, is_signed

_WORK = (
    "import sys, django; django.setup();"
    "from nsadmin.notifications.sending import turns; turns.deliver(sys.argv[1])"
)


def _environment(rows, receiver: Receiver) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "nsadmin.settings",
        "DATABASE_URL": rows.url,
        "NSADMIN_REDIS_URL": settings.NSADMIN_REDIS_URL,
        "NSADMIN_SEAL_KEYS": ",".join(settings.NSADMIN_SEAL_KEYS),
        "NSADMIN_WEBHOOK_HOSTS": receiver.listed,
    }


def test_a_killed_worker_sends_again_under_the_same_id(shared_rows, receiver):
    cast = assemble()
    wish = Wish("Pager", receiver.address, ["namespace.drift.found"])
    actor, own = person(cast), cast.northlight
    _, secret = create(actor, own, wish, webhook_id=new_webhook_id(), style="signed")
    happen(cast)
    turns.sweep()
    command = [sys.executable, "-c", _WORK, own.organization_id]
    worker = subprocess.Popen(command, env=_environment(shared_rows, receiver))
    receiver.on_message = lambda: worker.send_signal(signal.SIGKILL)
    assert worker.wait(timeout=60) == -signal.SIGKILL
    left = Delivery.objects.get()
    assert (left.state, left.attempts, left.status) == ("waiting", 1, None)
    receiver.on_message = lambda: None
    redis.release(f"{turns.DELIVER}:{own.organization_id}")  # it expires
    turns.deliver(own.organization_id)
    assert len(receiver.got) == 1  # its lease has not ended
    later()
    turns.deliver(own.organization_id)
    assert len(receiver.got) == 2
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert all(is_signed(secret, *one) for one in receiver.got)
    assert (Delivery.objects.get().state, Delivery.objects.get().attempts) == (
        "sent",
        2,
    )


def test_two_workers_at_once_send_each_delivery_once(shared_rows, receiver):
    """Even if both hold the claim, as without Redis."""
    cast = assemble()
    wish = Wish("Pager", receiver.address, ["namespace.drift.found"])
    create(
        person(cast),
        cast.northlight,
        wish,
        webhook_id=new_webhook_id(),
        style="signed",
    )
    happen(cast, 60)
    turns.sweep()
    env = {
        **_environment(shared_rows, receiver),
        "NSADMIN_REDIS_URL": "redis://127.0.0.1:9/0",
    }
    command = [sys.executable, "-c", _WORK, cast.northlight.organization_id]
    workers = [subprocess.Popen(command, env=env) for _ in range(2)]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    turns.deliver(cast.northlight.organization_id)
    sent = [headers["webhook-id"] for headers, _ in receiver.got]
    assert len(sent) == len(set(sent)) == 60
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
