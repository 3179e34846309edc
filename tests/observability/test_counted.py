"""Each metric that a process counts is counted once, at what it is about."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.test import Client
from django.utils import timezone

from nsadmin import meters
from nsadmin.errors import NsadminError, Unavailable
from nsadmin.jobs.execution import lease
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.execution.sweeper import sweep
from nsadmin.jobs.models import Job, ScheduleLease
from nsadmin.jobs.schedules.single_flight import Flight
from nsadmin.mail import delivery, outbox
from nsadmin.namespaces.mirror import state
from nsadmin.stores import redis
from nsadmin.stores.mongo import connection as mongo
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import dedicated, shared
from tests.jobs.conftest import new_job
from tests.notifications.conftest import go, happen
from tests.observability.scraping import scrape

pytestmark = pytest.mark.usefixtures("offered")

# What the tests of this file make grow.
COUNTED = {
    "nsadmin_http_requests",
    "nsadmin_http_request_seconds",
    "nsadmin_qdrant_call_seconds",
    "nsadmin_qdrant_errors",
    "nsadmin_mongodb_command_seconds",
    "nsadmin_mongodb_errors",
    "nsadmin_job_seconds",
    "nsadmin_lease_losses",
    "nsadmin_mails",
    "nsadmin_notification_attempts",
}


@contextmanager
def grows(name: str, **labels: str) -> Iterator[None]:
    """The sample is larger by one after the block."""
    before = scrape().value(name, **labels)
    yield
    assert scrape().value(name, **labels) == before + 1


def test_every_counted_metric_has_a_test() -> None:
    assert {family.name for family in meters.REGISTRY.collect()} == COUNTED


@pytest.mark.parametrize(
    ("method", "path", "route", "told", "status"),
    [
        ("GET", "/healthz", "healthz", "GET", "200"),
        ("POST", "/healthz", "healthz", "POST", "405"),
        ("GET", "/no/such/page", "unmatched", "GET", "404"),
        ("BREW", "/healthz", "healthz", "other", "405"),
        ("POST", "/v1/namespaces/list", "v1/namespaces/list", "POST", "401"),
        (
            "GET",
            "/v1/namespaces/ns_of_a_customer",
            "v1/namespaces/<identifier>",
            "GET",
            "401",
        ),
    ],
)
def test_requests_by_route(method, path, route, told, status) -> None:
    labels = {"route": route, "method": told}
    seconds = grows("nsadmin_http_request_seconds_count", **labels)
    with seconds, grows("nsadmin_http_requests_total", **labels, status=status):
        assert Client().generic(method, path).status_code == int(status)
    assert "ns_of_a_customer" not in scrape().text


def test_calls_of_the_shared_cluster() -> None:
    with grows("nsadmin_qdrant_call_seconds_count", cluster="shared"):
        collections.names(shared())


def test_a_silent_cluster(settings) -> None:
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    labels = {"cluster": "shared", "reason": "no_answer"}
    with grows("nsadmin_qdrant_errors_total", **labels), pytest.raises(Unavailable):
        collections.names(shared())


class _Failing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Keep the output clean."""


def test_a_dedicated_cluster_that_fails(settings) -> None:
    """Its address, which is a customer's, is no label."""
    with HTTPServer(("127.0.0.1", 0), _Failing) as server:
        place = f"127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        settings.NSADMIN_CLUSTER_HOSTS = [f"{place}=*"]
        cluster = dedicated(f"http://{place}", None)
        labels = {"cluster": "dedicated", "reason": "server_error"}
        refused = pytest.raises(NsadminError)
        with grows("nsadmin_qdrant_errors_total", **labels), refused:
            collections.names(cluster)
        server.shutdown()
    assert place not in scrape().text


def test_commands_of_mongodb() -> None:
    before = scrape().value("nsadmin_mongodb_command_seconds_count", command="ping")
    mongo.ping()
    after = scrape().value("nsadmin_mongodb_command_seconds_count", command="ping")
    assert after >= before + 1  # each scrape sends one as well


def test_a_command_that_mongodb_refuses() -> None:
    labels = {"command": "aggregate", "reason": "refused"}
    refused = pytest.raises(Exception, match="noSuchStage")
    with grows("nsadmin_mongodb_errors_total", **labels), refused:
        list(mongo.collection("namespaces").aggregate([{"$noSuchStage": {}}]))


def test_a_mongodb_that_does_not_answer(silent_mongodb) -> None:
    labels = {"command": "heartbeat", "reason": "no_answer"}
    before = scrape().value("nsadmin_mongodb_errors_total", **labels)
    with pytest.raises(Unavailable):
        mongo.ping()
    assert scrape().value("nsadmin_mongodb_errors_total", **labels) > before


def test_an_unknown_command_is_one_of_the_others() -> None:
    with grows("nsadmin_mongodb_command_seconds_count", command="other"):
        meters.count_command("command_of_another_version", 0.1)


def test_a_job_that_ended(orders) -> None:
    job = new_job(2)
    labels = {"kind": "test_count", "state": "done"}
    with grows("nsadmin_job_seconds_count", **labels):
        assert run_once(job.job_id, slice_s=10) == "done"
        run_once(job.job_id)  # settling it again counts nothing


def test_a_job_of_another_version_that_ended() -> None:
    job = new_job(2)
    # For a week its end is left to a worker that knows the kind.
    ended = timezone.now() - timedelta(days=8)
    Job.objects.filter(pk=job.pk).update(
        kind="from_the_future", state="failed", ended_at=ended
    )
    with grows("nsadmin_job_seconds_count", kind="other", state="failed"):
        run_once(job.job_id)


def test_the_lease_of_a_dead_workers_job(orders) -> None:
    job = new_job(2)
    assert lease.claim(job.job_id, 0) is not None
    passed = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(lease_until=passed)
    with grows("nsadmin_lease_losses_total", lease="job"):
        sweep()
        sweep()


def test_the_lease_of_a_schedule() -> None:
    ScheduleLease.objects.create(name="purge", owner="another")
    mine = Flight("purge", "me", ends_at=float("inf"))
    with grows("nsadmin_lease_losses_total", lease="schedule"):
        assert not mine.renew()
        assert not mine.renew()


def test_the_lead_of_the_mirror() -> None:
    state.load()
    lost = pytest.raises(state.LeadLost)
    with grows("nsadmin_lease_losses_total", lease="mirror"), lost:
        state.record_progress("a process that leads no more")


def test_a_mail_that_is_tried_again(settings) -> None:
    settings.NSADMIN_MAIL_WAY = "console"
    redis.release("mail")
    assert outbox.ask("of-a-newer-release", "a@example.org", {})
    with grows("nsadmin_mails_total", outcome="retried"):
        delivery.run()


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "sent"), (500, "retried"), (410, "retried")]
)
def test_an_attempt_of_a_notification(cast, hook, receiver, status, outcome) -> None:
    hook()
    happen(cast)
    receiver.status = status
    with grows("nsadmin_notification_attempts_total", outcome=outcome):
        go(cast)
