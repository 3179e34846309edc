"""Adding and changing webhooks: who may, which addresses, what the audit keeps."""

import json
import socket
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.core.management import call_command
from django.utils import timezone

from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Forbidden, Invalid, NotFound, QuotaExceeded
from nsadmin.notifications import deliveries, kinds, sealing, webhooks
from nsadmin.notifications.models import Delivery, Webhook, new_webhook_id
from nsadmin.notifications.sending import turns
from nsadmin.notifications.webhooks import Wish, secret_mark
from nsadmin.stores.ssrf_guard import webhook_url
from tests.access.races import at_once
from tests.cast import assemble
from tests.notifications.conftest import go, happen, person
from tests.notifications.receiver import is_signed

WISH = Wish(name="Pager", address="https://a.example/x", kinds=[kinds.MOVED])


def replaced(cast, row):
    """Replace the present secret of a webhook."""
    row.refresh_from_db()
    mark = secret_mark(row)
    return webhooks.replace_secret(
        person(cast), cast.northlight, row.webhook_id, mark=mark
    )


def create(cast, wish=WISH, actor=None, **more):
    return webhooks.create(
        actor or person(cast),
        cast.northlight,
        wish,
        **{"webhook_id": new_webhook_id(), "style": "signed", **more},
    )


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example/x",
        "https://hooks.example:6333/x",
        "https://hooks.example:22/x",
        "https://user:pw@hooks.example/x",
        "https://hooks.example/x#part",
        "https://hooks.example/a b",
        "https://hooks.example/\r\nHost: inside",
        "https://hooks.example\\@inside/",
        "https://hooks.example/ü",
        "https:///x",
        "https://[",
        "ftp://hooks.example/",
        "https://hooks.example/" + "x" * 1000,
        "https://127.0.0.1/x",
        "https://127.1:8443/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://0/x",
        "https://10.0.0.1/x",
        "https://192.168.1.1/x",
        "https://169.254.169.254/latest/",
        "https://168.63.129.16/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://[fd00::1]/x",
        "https://localhost/x",
        "https://LOCALHOST./x",
        "https://inside.localhost:8443/x",
    ],
)
def test_an_address_that_may_not_be_used_is_refused(address):
    with pytest.raises(Invalid) as refused:
        webhook_url(address, organization_id="org_a")
    assert list(refused.value.errors) == ["address"]


@pytest.mark.parametrize(
    ("address", "origin", "url"),
    [
        ("https://Hooks.Example", "https://hooks.example:443", "/"),
        ("https://hooks.example/a?b=c", "https://hooks.example:443", "/a?b=c"),
        ("https://hooks.example:8443/a", "https://hooks.example:8443", "/a"),
        ("https://93.184.216.34/a", "https://93.184.216.34:443", "/a"),
        ("https://localhost.example/a", "https://localhost.example:443", "/a"),
    ],
)
def test_an_address_is_normalized(address, origin, url):
    place, whole = webhook_url(address, organization_id="org_a")
    assert (place.url, whole) == (origin, origin + url)


def test_a_private_address_is_listed_for_webhooks_apart(settings):
    settings.NSADMIN_CLUSTER_HOSTS = ["10.0.0.7:6333=*"]
    with pytest.raises(Invalid):
        webhook_url("http://10.0.0.7:6333/x", organization_id="org_a")
    settings.NSADMIN_WEBHOOK_HOSTS = ["10.0.0.7:9000=org_a"]
    webhook_url("http://10.0.0.7:9000/x", organization_id="org_a")
    for scheme in ("http", "https"):
        with pytest.raises(Invalid):
            webhook_url(f"{scheme}://10.0.0.7:9000/x", organization_id="org_b")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "169.254.169.254", "[::1]", "2130706433"]
)
def test_a_private_address_is_not_connected_to_once_it_is_not_listed(
    cast, host, settings
):
    settings.NSADMIN_WEBHOOK_HOSTS = [f"{host}:443=*"]
    create(cast, Wish("Inside", f"https://{host}/x", [kinds.DRIFT]))
    settings.NSADMIN_WEBHOOK_HOSTS = []
    happen(cast)
    go(cast)
    failed = Delivery.objects.get()
    assert failed.state == "waiting"
    assert failed.status is None
    assert host not in failed.error
    assert "address" in failed.error


def test_a_name_that_becomes_private_is_not_connected_to(
    cast, receiver, settings, monkeypatch
):
    """The name leads outside when the form is sent, and inside when a message is."""
    answers = ["93.184.216.34", "127.0.0.1"]

    def resolver(host, port, *args, **kwargs):
        if kwargs.get("flags"):
            raise socket.gaierror
        told = answers[0] if len(answers) == 1 else answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (told, port))]

    create(cast, Wish("Rebound", "https://rebound.example:8443/x", [kinds.DRIFT]))
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    answers.pop(0)
    happen(cast)
    go(cast)
    assert Delivery.objects.get().error == (
        "The webhook has an address that is not allowed."
    )
    assert receiver.got == []


def test_another_organizations_private_address_is_not_connected_to(
    cast, hook, receiver, settings
):
    hook()
    settings.NSADMIN_WEBHOOK_HOSTS = [
        f"127.0.0.1:{receiver.port}={cast.halden.organization_id}"
    ]
    happen(cast)
    go(cast)
    assert receiver.got == []
    assert "not allowed" in Delivery.objects.get().error


def test_no_secret_is_stored_in_plain_or_in_the_audit(cast, hook, receiver, caplog):
    row, secret = hook()
    webhooks.change(
        person(cast),
        cast.northlight,
        row.webhook_id,
        Wish("Other", f"{receiver.origin}/S3CRET", [kinds.DRIFT]),
    )
    _, second = replaced(cast, row)
    receiver.close()
    happen(cast)
    go(cast)
    stored = json.dumps(list(Webhook.objects.values()), default=str)
    audit = json.dumps(list(AuditEvent.objects.values()), default=str)
    sent = json.dumps(list(Delivery.objects.values()), default=str)
    said = stored + audit + sent + caplog.text
    assert "Other" in audit
    for word in (secret, second, secret[6:], "T0PSECRET", "S3CRET"):
        assert word not in said


def test_everything_is_in_the_audit(cast, hook):
    row, _ = hook()
    actor, own = person(cast), cast.northlight
    at = row.webhook_id
    webhooks.change(actor, own, at, Wish("Pager", "", [kinds.MOVED]))
    webhooks.turn(actor, own, at, on=False)
    webhooks.turn(actor, own, at, on=True)
    replaced(cast, row)
    webhooks.delete(actor, own, at)
    rows = AuditEvent.objects.order_by("pk").values_list("action", "actor_id")
    actions = [action for action, _ in rows]
    assert actions == [
        "webhook:create",
        "webhook:change",
        "webhook:turn",
        "webhook:turn",
        "webhook:secret",
        "webhook:delete",
    ]
    assert {who for _, who in rows} == {actor.id}


def test_a_change_without_a_change_is_not_in_the_audit(cast, hook):
    row, _ = hook(kinds=[kinds.MOVED])
    wish = Wish("Pager", "", [kinds.MOVED])
    webhooks.change(person(cast), cast.northlight, row.webhook_id, wish)
    assert AuditEvent.objects.count() == 1


def test_an_empty_address_keeps_the_stored_one(cast, hook, receiver):
    row, secret = hook()
    wish = Wish("Renamed", "", [kinds.DRIFT])
    webhooks.change(person(cast), cast.northlight, row.webhook_id, wish)
    happen(cast)
    go(cast)
    assert is_signed(secret, *receiver.got[0])


@pytest.mark.parametrize("who", ["support", "platform_admin"])
def test_staff_change_nothing(cast, hook, who):
    row, _ = hook()
    cast.open_sessions()
    actor, at = actor_of_user(cast.users[who], None), row.webhook_id
    own = cast.northlight
    for act in (
        lambda: create(cast, actor=actor),
        lambda: webhooks.change(actor, own, at, WISH),
        lambda: webhooks.turn(actor, own, at, on=False),
        lambda: webhooks.replace_secret(actor, own, at, mark=secret_mark(row)),
        lambda: webhooks.delete(actor, own, at),
        lambda: deliveries.send_test(actor, own, at),
    ):
        with pytest.raises(Forbidden):
            act()
    assert AuditEvent.objects.filter(action__startswith="webhook").count() == 1


def test_another_organizations_webhook_is_not_found(cast, hook):
    row, _ = hook()
    stranger, at = person(cast, "stranger"), row.webhook_id
    for act in (
        lambda: webhooks.find(cast.halden, at),
        lambda: webhooks.change(stranger, cast.halden, at, WISH),
        lambda: webhooks.delete(stranger, cast.halden, at),
        lambda: webhooks.replace_secret(
            stranger, cast.halden, at, mark=secret_mark(row)
        ),
        lambda: deliveries.send_test(stranger, cast.halden, at),
    ):
        with pytest.raises(NotFound):
            act()


def test_another_organizations_delivery_is_not_found(cast, hook):
    hook()
    happen(cast)
    go(cast)
    sent = Delivery.objects.get()
    with pytest.raises(NotFound):
        deliveries.send_again(person(cast, "stranger"), cast.halden, sent.pk)
    assert deliveries.page(cast.halden).rows == []


def test_there_are_ten_at_most(cast):
    for number in range(webhooks.MOST_WEBHOOKS):
        create(cast, replace(WISH, name=f"Pager {number}"))
    with pytest.raises(QuotaExceeded):
        create(cast)


def test_a_name_is_given_once_in_an_organization(cast):
    row, _ = create(cast)
    with pytest.raises(Invalid) as refused:
        create(cast, replace(WISH, name=" Pager "))
    assert refused.value.errors == {"name": ["There is already a webhook named Pager."]}
    webhooks.create(
        person(cast, "stranger"),
        cast.halden,
        WISH,
        webhook_id=new_webhook_id(),
        style="signed",
    )
    other, _ = create(cast, replace(WISH, name="Other"))
    act = partial(webhooks.change, person(cast), cast.northlight)
    with pytest.raises(Invalid):
        act(other.webhook_id, WISH)
    act(row.webhook_id, replace(WISH, kinds=[kinds.DRIFT]))
    assert Webhook.objects.filter(name="Pager").count() == 2


def test_equal_names_of_before_stay_until_they_are_changed(cast):
    create(cast)
    other, _ = create(cast, replace(WISH, name="Other"))
    Webhook.objects.update(name="Pager")
    wish = replace(WISH, kinds=[kinds.DRIFT])
    row = webhooks.change(person(cast), cast.northlight, other.webhook_id, wish)
    assert (row.name, row.kinds) == ("Pager", [kinds.DRIFT])


def test_two_forms_at_once_give_a_name_once(shared_rows):
    cast = assemble()
    add = partial(create, cast)
    assert at_once(add, add) == ["", "Invalid"]
    assert Webhook.objects.count() == 1


def test_a_secret_is_replaced_by_one_of_two_at_once(shared_rows):
    cast = assemble()
    row, _ = create(cast)
    act = partial(
        webhooks.replace_secret,
        person(cast),
        cast.northlight,
        row.webhook_id,
        mark=secret_mark(row),
    )
    assert at_once(act, act) == ["", "Conflict"]


def test_a_secret_is_replaced_once_by_a_form(cast, hook, receiver):
    row, first = hook()
    mark = secret_mark(row)
    own = cast.northlight
    webhooks.replace_secret(person(cast), own, row.webhook_id, mark=mark)
    with pytest.raises(Conflict):
        webhooks.replace_secret(person(cast), own, row.webhook_id, mark=mark)
    happen(cast)
    go(cast)
    assert is_signed(first, *receiver.got[0])


def test_a_form_that_is_sent_twice_makes_one(cast):
    create(cast, webhook_id="wh_once")
    with pytest.raises(Conflict):
        create(cast, webhook_id="wh_once")


def test_nothing_is_sent_at_once_to_a_webhook_that_is_off(cast, hook, receiver):
    row, _ = hook()
    happen(cast)
    turns.sweep()
    waits = Delivery.objects.get()
    webhooks.turn(person(cast), cast.northlight, row.webhook_id, on=False)
    waits.refresh_from_db()
    assert (waits.state, waits.error) == ("failed", webhooks.TURNED_OFF)
    for act in (
        lambda: deliveries.send_again(person(cast), cast.northlight, waits.pk),
        lambda: deliveries.send_test(person(cast), cast.northlight, row.webhook_id),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "webhook_off"
    assert receiver.got == []


def test_deliveries_come_in_pages(cast, hook, django_assert_num_queries):
    row, _ = hook()
    happen(cast, 60)
    go(cast)
    seen, before = [], None
    for _ in range(3):
        with django_assert_num_queries(1):
            found = deliveries.page(cast.northlight, before=before)
        seen += [one.pk for one in found.rows]
        before = found.older
    assert before is None
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 60
    Delivery.objects.filter(pk=seen[7]).update(state="failed")
    failed = deliveries.page(cast.northlight, only_failed=True)
    assert [one.pk for one in failed.rows] == [seen[7]]
    other = deliveries.page(cast.northlight, webhook_id="wh_other")
    assert other.rows == []
    assert deliveries.page(cast.northlight, webhook_id=row.webhook_id).older


def test_secrets_are_resealed(cast, hook, settings, receiver, stores):
    row, secret = hook()
    replaced(cast, row)
    settings.NSADMIN_SEAL_KEYS = ["t2:" + "B" * 43 + "=", *settings.NSADMIN_SEAL_KEYS]
    call_command("seal", "rotate")
    settings.NSADMIN_SEAL_KEYS = settings.NSADMIN_SEAL_KEYS[:1]
    happen(cast)
    go(cast)
    assert is_signed(secret, *receiver.got[0])
    assert sealing.reseal_webhooks().current == 3


def test_a_secret_without_its_key_is_a_failure_with_a_reason(cast, hook, settings):
    hook()
    settings.NSADMIN_SEAL_KEYS = ["t2:" + "B" * 43 + "="]
    happen(cast)
    go(cast)
    failed = Delivery.objects.get()
    assert failed.state == "waiting"
    assert "key" in failed.error
    assert sealing.reseal_webhooks().unreadable == 2


def test_an_old_failure_is_forgotten_when_it_is_turned_on(cast, hook):
    row, _ = hook()
    long_ago = timezone.now() - timedelta(days=9)
    Webhook.objects.update(failures=50, failing_since=long_ago, paused_until=long_ago)
    webhooks.turn(person(cast), cast.northlight, row.webhook_id, on=False)
    row = webhooks.turn(person(cast), cast.northlight, row.webhook_id, on=True)
    assert (row.failures, row.failing_since, row.paused_until) == (0, None, None)
