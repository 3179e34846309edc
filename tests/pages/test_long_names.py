"""One long word in a name leaves the rest of the page its place, drawn by Chromium."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.utils import timezone

from nsadmin.jobs.models import Job
from nsadmin.namespaces.models import MirroredNamespace
from tests.browser import chromium
from tests.cast import make_namespace
from tests.pages.states import World, at
from tests.pages.test_axe import ORIGIN, answer

drawn = chromium.needed()

LONGEST_NAME = "W" * 64
LONGEST_STORED = "W" * 128  # a document of somebody else may hold more; the rest is cut
# What sticks out of the page or out of its own table cell, and what covers a neighbor.
_MISPLACED = """() => {
  const name = element => `${element.localName}.${element.className} ` +
    element.textContent.trim().slice(0, 30);
  const shown = selector => [...document.querySelectorAll(selector)]
    .filter(element => element.checkVisibility() && !element.closest("caption"));
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page scrolls");
  for (const cell of shown("th, td")) {
    const card = cell.closest(".card").getBoundingClientRect();
    if (cell.getBoundingClientRect().right > card.right + 1)
      found.push(`outside its card: ${name(cell)}`);
    if (cell.scrollWidth > cell.clientWidth + 1) found.push(`overflows: ${name(cell)}`);
  }
  for (const id of shown("tbody th code"))
    if (id.getBoundingClientRect().height > 40) found.push(`squeezed: ${name(id)}`);
  const row = shown(".top-row > *").map(element => element.getBoundingClientRect());
  row.forEach((box, n) => {
    if (n && box.left < row[n - 1].right - 1) found.push(`header: part ${n} covers another`);
  });
  return found;
}"""


@pytest.fixture
def world(cast, browse, sure, silence) -> World:
    return World(cast, browse, sure, silence)


@pytest.mark.browser
@drawn
def test_a_long_name_leaves_every_column_and_the_header_their_place(world):
    northlight = world.cast.northlight
    long = make_namespace(northlight, LONGEST_NAME)
    longer = make_namespace(northlight, LONGEST_STORED)
    clone = make_namespace(
        northlight, "Ω" * 64, source_namespace_id=longer.namespace_id
    )
    rows = MirroredNamespace.objects.filter(
        pk__in=[n.namespace_id for n in (long, longer, clone)]
    )
    rows.update(
        source_namespace_id=longer.namespace_id,
        source_name=LONGEST_STORED,
        differences=12,
        health="error",
        unreadable=LONGEST_STORED,
        clone_status="failed",
        clone_error=LONGEST_STORED,
    )
    job = clone_job(world, long.namespace_id)
    lists = ("/namespaces/", "/jobs/", f"/jobs/{job.job_id}/")
    for path in (*lists, at(long), at(longer), at(clone)):
        world.see("long", path)
    world.see("long", "/fleet/", "support")
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(misplaced, world.seen).result()
    assert not found, "\n".join(found)


def clone_job(world: World, namespace_id: str) -> Job:
    """A failed clone of a long name, under another one."""
    return Job.objects.create(
        kind="clone",
        title=f"Clone “{LONGEST_STORED}” as “{LONGEST_NAME}”",
        state="failed",
        organization_id=world.cast.northlight.organization_id,
        internal_id=world.cast.northlight.internal_id,
        namespace_id=namespace_id,
        namespace_name=LONGEST_STORED,
        actor_kind="user",
        actor_id="1",
        actor_label="Ada",
        error=LONGEST_STORED,
        heartbeat_at=timezone.now(),
        settled=True,
        owner="worker-3",
    )


def misplaced(seen: dict[str, str]) -> list[str]:
    """Return what is misplaced on each page, on a desk, a small laptop and a phone."""
    found: list[str] = []
    with chromium.launched() as browser:
        page = browser.new_page(bypass_csp=True)
        page.route("**/*", lambda route: answer(route, seen))
        for number, name in enumerate(seen):
            for width in (1440, 1000, 390):
                page.set_viewport_size({"width": width, "height": 900})
                page.goto(f"{ORIGIN}/{number}")
                page.evaluate("document.fonts.ready")
                faults = page.evaluate(_MISPLACED)
                found += [f"{name} at {width}: {fault}" for fault in faults]
    return found


def test_the_id_stands_in_for_an_empty_name(world):
    made = make_namespace(world.cast.northlight, "", in_qdrant=False)
    clone = make_namespace(
        world.cast.northlight, "a copy", source_namespace_id=made.namespace_id
    )
    rows = MirroredNamespace.objects.filter(pk=made.namespace_id)
    rows.update(name="", health="error")
    client = world.browse()
    listed = client.get("/namespaces/").content.decode()
    assert f">{made.namespace_id}</a>" in listed
    assert f"of {made.namespace_id} </span>" in " ".join(listed.split())
    overview = client.get(at(made)).content.decode()
    assert f'<h1 dir="auto">{made.namespace_id}</h1>' in overview
    of_clone = client.get(at(clone)).content.decode()
    assert f">{made.namespace_id}</a>" in of_clone
    world.cast.open_sessions("support")
    fleet = world.browse("support").get("/fleet/").content.decode()
    assert f">{made.namespace_id}</a>" in fleet


def test_a_namespace_with_an_empty_name_is_deleted_after_its_id_is_typed(world):
    made = make_namespace(world.cast.northlight, "")
    path = at(made, "delete/")
    assert f">{made.namespace_id}</b>" in world.sure().get(path).content.decode()
    refused = world.sure().post(path, {"typed_name": "another"})
    assert f"Type {made.namespace_id} to delete it." in refused.content.decode()
    done = world.sure().post(path, {"typed_name": made.namespace_id})
    assert done.status_code == 302
