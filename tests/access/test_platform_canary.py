"""Words of customers are on no page of the platform without a support session."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.access.organization import administration
from nsadmin.health.models import DriftRow
from nsadmin.jobs import items
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.lifecycle import fuse
from nsadmin.namespaces.models import (
    DeletionHold,
    LastLook,
    MirroredNamespace,
    ReaperHold,
)
from tests.cast import Cast, invite, make_namespace

CANARY = "canarybird"
PAGES = (
    "/fleet/",
    "/fleet/?pause=1",
    "/schedules/",
    "/platform/organizations/",
    "/platform/organizations/?search=northlight",
    "/platform/jobs/",
    "/platform/jobs/?state=failed",
    "/platform/namespaces/",
    "/platform/namespaces/?attention=unreadable",
    "/platform/namespaces/?status=failed&organization=northlight+media",
    "/platform/organizations/options/?organization=north",
    "/organizations/",
    "/organizations/?q=north",
    "/platform/unreadable/",
    "/platform/unreadable/?show=documents",
    "/support/",
    "/support/new/",
)
FRAGMENTS = (
    "/fleet/",
    "/schedules/",
    "/platform/organizations/",
    "/platform/jobs/",
    "/platform/namespaces/",
    "/organizations/?q=north",
)
MANAGED = ("subscription/", "limits/", "suspension/")


def plant(cast: Cast) -> None:
    """Put the canary wherever a customer's words may stand."""
    now = timezone.now()
    past = now.replace(microsecond=0) - timedelta(hours=1)
    key = make_namespace(
        cast.northlight, f"{CANARY} name", description=f"{CANARY} text", in_qdrant=False
    ).namespace_id
    made = [
        make_namespace(
            cast.northlight, f"{CANARY} {n}", in_qdrant=False, expires_at=past
        ).namespace_id
        for n in range(5)
    ]
    rows = MirroredNamespace.objects
    rows.filter(pk=key).update(unreadable=f"{CANARY}: not a number")
    rows.filter(pk=made[0]).update(health="error")
    rows.filter(pk=made[1]).update(clone_status="failed", clone_error=CANARY)
    LastLook.objects.create(
        namespace_id=made[0],
        taken_at=now,
        ok=False,
        error=CANARY,
        live={"optimizer_error": CANARY, "status": CANARY},
    )
    for kind in (fuse.EXPIRY, fuse.PURGE):
        DeletionHold.objects.create(
            kind=kind, reason="many", namespace_ids=made, held_at=now
        )
    ReaperHold.objects.create(
        internal_id=cast.northlight.internal_id,
        namespace_ids=made,
        released_at=now,
        released_by=f"{CANARY}@customer.example",
    )
    _fail(cast, key)
    user = cast.users["admin"]
    user.name, user.email = f"{CANARY} person", f"{CANARY}@customer.example"
    user.save()
    invite(cast.northlight, f"{CANARY}2@customer.example", CANARY)


def _fail(cast: Cast, key: str) -> None:
    now = timezone.now()
    job = Job.objects.create(
        kind="clone",
        state=State.FAILED,
        settled=True,
        organization_id=cast.northlight.organization_id,
        internal_id=cast.northlight.internal_id,
        namespace_id=key,
        namespace_name=CANARY,
        title=f"Clone {CANARY}",
        error=CANARY,
        waiting=CANARY,
        actor_kind="user",
        actor_id="1",
        actor_label=f"{CANARY}@customer.example",
        ended_at=now,
    )
    items.record("sample", "namespace", key, CANARY)
    items.record("deletion", "namespace", "ns_of_nobody", CANARY)
    items.record("finish_indexes", "index", f"{key}/{CANARY}", CANARY)
    items.record("sweep", "job", str(job.job_id), CANARY)
    items.record("mirror", "row", "7", CANARY)
    items.record("heal", "namespace", key, ValueError(CANARY))
    DriftRow.objects.create(
        cluster="q.customer.example:6333",
        kind="orphan",
        subject=CANARY,
        right="nobody",
        way="look",
        sentence=CANARY,
        first_seen=now,
        last_seen=now,
    )


def _pages(cast: Cast, role: str) -> list[str]:
    organization = f"/platform/organizations/{cast.northlight.organization_id}/"
    managed = MANAGED if role == "platform_admin" else ()
    return [*PAGES, organization, *(f"{organization}{page}" for page in managed)]


@pytest.mark.parametrize("role", ["support", "platform_admin"])
def test_no_page_of_the_platform_has_a_customers_words(cast: Cast, role: str) -> None:
    plant(cast)
    browser = cast.browser(role)

    def look(path: str, headers: dict[str, str]) -> None:
        response = browser.get(path, headers=headers)
        assert response.status_code == 200, path
        assert CANARY not in response.content.decode(), path

    for path in _pages(cast, role):
        look(path, {})
    for path in FRAGMENTS:
        look(path, {"HX-Request": "true"})
    staff = cast.actor("platform_admin")
    administration.suspend(staff, cast.northlight, "Unpaid.")
    for path in _pages(cast, role)[len(PAGES) :]:
        look(path, {})


def test_the_words_are_there_during_a_session(cast: Cast) -> None:
    """The canary would be found: a session shows it where it was planted."""
    plant(cast)
    cast.open_session("support", cast.northlight)
    browser = cast.browser("support")
    organization = f"/platform/organizations/{cast.northlight.organization_id}/"
    for path in (
        "/fleet/",
        "/platform/jobs/",
        "/platform/namespaces/",
        "/platform/unreadable/",
        "/platform/unreadable/?show=documents",
        organization,
    ):
        assert CANARY in browser.get(path).content.decode(), path
