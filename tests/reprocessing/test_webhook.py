"""The webhook on the wire: what is sent, how it is signed, when it is sent again."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone

from nsadmin.checks import reprocess_webhook
from nsadmin.reprocessing import asking, measuring, messages
from nsadmin.reprocessing.models import WebhookMessage
from nsadmin.stores import webhook
from tests.reprocessing.appended import TEXTS

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


class Receiver:
    """A platform that keeps what it is sent, and answers as it is told."""

    def __init__(self) -> None:
        self.status, self.body = 204, b""
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                receiver.got.append((dict(self.headers), self.rfile.read(size)))
                self.send_response(receiver.status)
                if receiver.status in (301, 307):
                    self.send_header("location", "http://127.0.0.1:9/")
                self.send_header("content-length", str(len(receiver.body)))
                self.end_headers()
                self.wfile.write(receiver.body)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(
            target=self.server.serve_forever, args=(0.01,), daemon=True
        ).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/hooks/reprocess"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    with closing(Receiver()) as made:
        settings.NSADMIN_REPROCESS_WEBHOOK_URL = made.url
        settings.NSADMIN_REPROCESS_WEBHOOK_SECRET = SECRET
        yield made


def verify(headers: dict[str, str], body: bytes) -> None:
    """Verify a message as a receiver does, by the text of the standard."""
    headers = {name.lower(): value for name, value in headers.items()}
    content = b".".join(
        [headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body]
    )
    expected = base64.b64encode(hmac.digest(KEY, content, hashlib.sha256)).decode()
    versions = dict(part.split(",", 1) for part in headers["webhook-signature"].split())
    assert hmac.compare_digest(versions["v1"], expected)
    sent = int(headers["webhook-timestamp"])
    assert abs(timezone.now().timestamp() - sent) < 300


def due_now() -> None:
    WebhookMessage.objects.exclude(next_at=None).update(
        next_at=timezone.now() - timedelta(seconds=1)
    )


def test_a_request_is_told_with_a_valid_signature(cast, appended, receiver):
    row = asking.ask(cast.actor(), appended.namespace_id, TEXTS)
    assert receiver.got == []  # a page does not wait for the platform
    measuring.run()
    [(headers, body)] = receiver.got
    verify(headers, body)
    told = json.loads(body)
    assert told["type"] == "namespace.reprocess.requested"
    assert told["data"] == {
        "request_id": str(row.request_id),
        "organization_id": cast.northlight.organization_id,
        "namespace_id": appended.namespace_id,
        "feature_extractor_id": TEXTS,
        "vectors": ["text_extractor_v1_embedding"],
        "collection_ids": ["col_a", "col_b"],
        "created_at": told["data"]["created_at"],
    }
    message = WebhookMessage.objects.get()
    assert headers["webhook-id"] == message.message_id
    assert message.delivered_at is not None
    measuring.run()
    assert len(receiver.got) == 1


def test_a_changed_body_has_another_signature(cast, appended, receiver):
    asking.ask(cast.actor(), appended.namespace_id, TEXTS)
    measuring.run()
    [(headers, body)] = receiver.got
    with pytest.raises(AssertionError):
        verify(headers, body.replace(b"col_a", b"col_x"))


@pytest.mark.parametrize("status", [301, 307, 400, 404, 500, 503])
def test_any_other_answer_is_a_failure_and_is_sent_again(
    cast, appended, receiver, status
):
    receiver.status = status
    asking.ask(cast.actor(), appended.namespace_id, TEXTS)
    before = timezone.now()
    measuring.run()
    message = WebhookMessage.objects.get()
    more = "; redirects are not followed" if status in (301, 307) else ""
    assert message.error == f"The webhook answered with HTTP {status}{more}."
    assert message.next_at >= before + timedelta(seconds=webhook.PAUSES[0])
    measuring.run()
    assert len(receiver.got) == 1
    receiver.status = 200
    receiver.body = b"x" * 1_000_000
    due_now()
    measuring.run()
    assert len(receiver.got) == 2
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {
        message.message_id
    }
    for headers, body in receiver.got:
        verify(headers, body)
    message.refresh_from_db()
    assert message.delivered_at is not None
    assert message.error == ""


def test_it_is_given_up_after_the_last_pause(cast, appended, receiver):
    receiver.status = 500
    asking.ask(cast.actor(), appended.namespace_id, TEXTS)
    for _ in range(len(webhook.PAUSES) + 3):
        due_now()
        measuring.run()
    assert len(receiver.got) == len(webhook.PAUSES) + 1
    assert WebhookMessage.objects.get().next_at is None


def test_nobody_listens(cast, appended, receiver):
    receiver.close()
    asking.ask(cast.actor(), appended.namespace_id, TEXTS)
    measuring.run()
    assert WebhookMessage.objects.get().error == "The webhook could not be reached."


def test_a_cancelled_request_is_told_too(cast, appended, receiver):
    row = asking.ask(cast.actor(), appended.namespace_id, TEXTS)
    asking.cancel(cast.actor(), appended.namespace_id, row.request_id)
    measuring.run()
    told = [json.loads(body)["type"] for _, body in receiver.got]
    assert told == ["namespace.reprocess.requested", "namespace.reprocess.cancelled"]


def test_two_workers_do_not_send_the_same_message(cast, appended, receiver):
    asking.ask(cast.actor(), appended.namespace_id, TEXTS)
    [key] = messages.due()
    assert messages.deliver(key)
    assert not messages.deliver(key)
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("url", "secret", "insecure", "faults"),
    [
        ("", "", False, 0),
        ("https://platform.example/hook", SECRET, False, 0),
        ("http://platform.example/hook", SECRET, True, 0),
        ("http://platform.example/hook", SECRET, False, 1),
        ("https://user:pass@platform.example/", SECRET, False, 1),
        ("ftp://platform.example/hook", SECRET, True, 1),
        ("https://[", SECRET, False, 1),
        ("https://platform.example/hook", "", False, 1),
        ("https://platform.example/hook", "whsec_c2hvcnQ=", False, 1),
        ("https://platform.example/hook", KEY.hex(), False, 1),
    ],
)
def test_the_settings_are_checked(settings, url, secret, insecure, faults):
    settings.NSADMIN_REPROCESS_WEBHOOK_URL = url
    settings.NSADMIN_REPROCESS_WEBHOOK_SECRET = secret
    settings.NSADMIN_INSECURE_HTTP = insecure
    assert len(reprocess_webhook()) == faults
