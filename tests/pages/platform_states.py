"""The pages of the platform in every state: without and with a session, suspended."""

from datetime import timedelta

from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.access.organization import administration
from nsadmin.access.organization.administration import Limits
from nsadmin.jobs import items
from nsadmin.namespaces.lifecycle.deletion_stages import FAILING
from nsadmin.namespaces.models import MirroredNamespace
from tests.pages.states import LONG, World, jobs

LISTS = (
    "/fleet/",
    "/platform/organizations/",
    "/platform/jobs/",
    "/platform/unreadable/",
    "/platform/unreadable/?show=documents",
)
CHANGES = ("subscription/", "limits/", "suspension/")


def platform(world: World) -> None:
    """Lists and one organization, empty and filled, hidden and seen, changed."""
    for path in (*LISTS, "/schedules/"):
        world.see("without rows", path, "support")
    for path in LISTS[1:]:
        world.see("no match", f"{path}?search=nothing&offset=500", "support")
    own = f"/platform/organizations/{world.cast.northlight.organization_id}/"
    fill(world)
    for state in ("hidden", "seen"):
        if state == "seen":
            world.cast.open_sessions("platform_admin")
        for path in (*LISTS, own):
            world.see(state, path, "platform_admin")
    change(world, own)
    suspend(world, own)


def fill(world: World) -> None:
    """Make rows of every kind, with long texts."""
    for _ in jobs(world):
        pass
    own = world.cast.own.namespace_id
    items.record("sample", "namespace", own, LONG)
    items.record(FAILING, "namespace", own, "The key is lost.")
    items.record("drift", "cluster", "https://q.example:6333", ValueError(LONG))
    rows = MirroredNamespace.objects.filter(pk=own)
    past = timezone.now() - timedelta(hours=1)
    rows.update(unreadable=f"{LONG}: not a number", differences=2, expires_at=past)
    Organization.objects.create(name=LONG[:100], plan="free")


def change(world: World, own: str) -> None:
    """What is asked before a change, and what is refused."""
    new = "/platform/organizations/new/"
    world.see("form", new, "platform_admin")
    world.see("refused", new, "platform_admin", {"email": "nobody"})
    for page in CHANGES:
        world.see("form", f"{own}{page}", "platform_admin")
    world.see("refused", f"{own}subscription/", "platform_admin", {"plan": "free"})
    world.see("refused", f"{own}limits/", "platform_admin", {"job_limit": "0"})
    world.see("refused", f"{own}suspension/", "platform_admin", {"reason": ""})


def suspend(world: World, own: str) -> None:
    """What everybody sees of a suspended organization."""
    staff = world.cast.actor("platform_admin")
    administration.set_limits(staff, world.cast.northlight, Limits(1, 3))
    administration.suspend(staff, world.cast.northlight, LONG.replace("\ufe0f", "") * 3)
    world.see("suspended", "/namespaces/")
    for path in (own, f"{own}suspension/", "/platform/organizations/"):
        world.see("suspended", path, "platform_admin")
