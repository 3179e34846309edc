"""A receiver of webhooks over a real socket, and what a receiver verifies."""

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """Keeps what it is sent; answers with `status` and `body`, after `wait_s`.

    `on_message` is called once a message was read, before the answer.
    """

    def __init__(self) -> None:
        self.status, self.body, self.wait_s = 200, b"ok", 0.0
        self.on_message: Callable[[], object] = lambda: None
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append((headers, self.rfile.read(size)))
                receiver.paths.append(self.path)
                receiver.on_message()
                time.sleep(receiver.wait_s)
                self.send_response(receiver.status)
                if receiver.status in (301, 307):
                    self.send_header("location", f"{receiver.origin}/elsewhere")
                self.send_header("content-length", str(len(receiver.body)))
                self.end_headers()
                try:
                    self.wfile.write(receiver.body)
                except OSError:
                    return  # the sender reads no more than it wants

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(
            target=self.server.serve_forever, args=(0.01,), daemon=True
        ).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def listed(self) -> str:
        """Its entry in NSADMIN_WEBHOOK_HOSTS."""
        return f"127.0.0.1:{self.port}=*"

    @property
    def address(self) -> str:
        return f"{self.origin}/hooks/T0PSECRET?room=7"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Verify as the text of Standard Webhooks says, without our own code."""
    key = base64.b64decode(secret.split("_", 1)[1])
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    sent_at = int(headers["webhook-timestamp"])
    found = [part.split(",", 1) for part in headers["webhook-signature"].split()]
    is_fresh = abs(time.time() - sent_at) < 300
    return is_fresh and any(
        version == "v1" and hmac.compare_digest(value, expected)
        for version, value in found
    )
