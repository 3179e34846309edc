"""The release of this checkout on a machine of its own, with every service beside it."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from nsadmin.embedded.supervision import ports
from tests.deployment import commands, wheels
from tests.deployment.production import calls
from tests.deployment.production.browser import Browser
from tests.deployment.production.installation import Installation, machine
from tests.deployment.production.stores import running_stores, settings, used_here
from tests.deployment.web import held_socket
from tests.mail.servers import PASSWORD, USER, Inbox, mail_server
from tests.observability.scraping import Scrape
from tests.tls_front import Authority, tls_front

METRICS_KEY = "a key for the metrics of this installation"


@dataclass(frozen=True)
class Site:
    """An installation that runs, and its addresses."""

    installed: Installation
    listener: socket.socket
    url: str
    key: str
    metrics_url: str
    browser: Callable[[], Browser]
    inbox: Inbox

    def scrape(self) -> Scrape:
        """Ask the port of the metrics, as Prometheus does."""
        bearer = {"authorization": f"Bearer {METRICS_KEY}"}
        answer = httpx.get(self.metrics_url, headers=bearer, timeout=60)
        assert answer.status_code == 200
        return Scrape(answer.text)

    def mailed_link(self, address: str, subject: str) -> str:
        """The link of a mail with this subject, which a worker sends over TLS."""
        inbox = self.inbox

        def arrived() -> list[int]:
            pairs = zip(inbox.recipients, inbox.mails, strict=False)
            return [
                number
                for number, (to, mail) in enumerate(pairs)
                if to == address and mail["Subject"] == subject
            ]

        calls.wait_for(lambda: bool(arrived()))
        [number] = arrived()
        assert inbox.is_secret[number]
        [link] = re.findall(r"https?://\S+", inbox.text(number))
        return str(link)


@contextmanager
def running_site() -> Iterator[Site]:
    """Install the release from its wheel, prepare it, start it, and wait until it is ready."""
    with ExitStack() as stack:
        folder = stack.enter_context(machine())
        stores = stack.enter_context(running_stores(folder))
        authority = Authority.make(folder)
        inbox = stack.enter_context(mail_server(authority, wants_user=True))
        port = ports.free_port()
        more = {**mail_settings(inbox, authority), **metrics_settings(folder, port)}
        installed = Installation(folder, {**settings(stores), **more})
        installed.install(wheels.build(folder / "dist"))
        installed.prepare()
        stack.callback(installed.kill)
        listener = stack.enter_context(held_socket())
        for line in sorted(commands.running()):
            installed.start(line, listener)
        web = listener.getsockname()[1]
        tls = stack.enter_context(tls_front(authority, web))
        stack.enter_context(used_here(stores))
        url = f"http://127.0.0.1:{web}"
        calls.wait_for(lambda: calls.is_ready(url))
        yield Site(
            installed,
            listener,
            url,
            calls.new_key(installed),
            f"http://127.0.0.1:{port}/metrics",
            lambda: Browser(f"https://127.0.0.1:{tls}", authority.ca_file),
            inbox,
        )


def metrics_settings(folder: Path, port: int) -> dict[str, str]:
    """What docs/observability.md needs for a port of the metrics."""
    return {
        "NSADMIN_METRICS_KEY": METRICS_KEY,
        "NSADMIN_METRICS_PORT": str(port),
        "NSADMIN_METRICS_DIR": str(folder / "var/lib/nsadmin/metrics"),
    }


def mail_settings(inbox: Inbox, authority: Authority) -> dict[str, str]:
    """What docs/mail.md needs, for a server with a private authority."""
    return {
        "NSADMIN_MAIL_HOST": "127.0.0.1",
        "NSADMIN_MAIL_PORT": str(inbox.port),
        "NSADMIN_MAIL_FROM": "nsadmin <nsadmin@console.example>",
        "NSADMIN_MAIL_USER": USER,
        "NSADMIN_MAIL_PASSWORD": PASSWORD,
        "NSADMIN_MAIL_CA_FILE": authority.ca_file,
    }
