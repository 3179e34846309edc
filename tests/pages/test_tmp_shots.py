from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
import pytest
from django.utils import timezone
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.jobs.models import Job
from tests.browser import chromium
from tests.cast import make_namespace
from tests.pages.states import World, at, LONG
from tests.pages.test_axe import ORIGIN, answer
from tests.pages.test_list_paging import many  # noqa

@pytest.fixture
def world(cast, browse, sure, silence):
    return World(cast, browse, sure, silence)

def test_shots(world):
    cast = world.cast
    now = timezone.now()
    names = ["film-archive-staging", "film-archive-prod", "subtitles-multilingual", "demo-berlinale", "cast-faces", "press-stills", "subtitles-eval", "trailers-2026", "contracts-pdf", "scores-audio", "archive-2019"]
    made = []
    for n, name in enumerate(names):
        row = MirroredNamespace(namespace_id=f"ns_{n}c41d90be{n}", organization_id=cast.northlight.organization_id, internal_id=cast.northlight.internal_id, name=name, name_key=name, search_text=name + "\n", updated_at=now - timedelta(minutes=7 ** min(n, 5)), created_at=now - timedelta(days=n), mirrored_at=now, health="ready", looked_at=now, document_count=n * 123456, index_count=12 + n, tier=["shared", "dedicated_cpu", "dedicated_gpu"][n % 3], extractor_ids=["multimodal_extractor_v1", "face_identity_extractor_v1"])
        made.append(row)
    made[0].clone_status = "cloning"; made[0].source_namespace_id = "ns_1c41d90be1"; made[0].source_name = "film-archive-prod"
    made[1].differences = 1; made[1].health = "optimising"
    made[3].expires_at = now + timedelta(hours=3, minutes=12)
    made[4].health = "unknown"; made[4].health_since = now - timedelta(minutes=31)
    made[6].clone_status = "failed"; made[6].clone_error = 'Qdrant refused a batch: over 32 MiB. {"status":{"error":"x"}}'
    made[10].is_protected = True
    MirroredNamespace.objects.bulk_create(made)
    Job.objects.create(kind="clone", title="Clone", state="running", organization_id=cast.northlight.organization_id, internal_id=cast.northlight.internal_id, namespace_id=made[0].namespace_id, progress={"percent": 53, "left_s": 1260, "stages": [{"key": "points", "done": 2981554, "total": 4812306}]}, actor_kind="user", actor_id="1", actor_label="Ada")
    client = world.sure()
    client.post("/namespaces/views/", {"name": "Film archives", "address": "search=film&sort=name"})
    world.see("list", "/namespaces/")
    text = world.seen.popitem()[1]
    world.seen["list"] = text
    world.seen["list-open"] = text.replace('<details class="menu">\n<summary class="btn btn-icon" aria-label="Columns', '<details class="menu" open>\n<summary class="btn btn-icon" aria-label="Columns').replace('<details class="menu"> <summary class="btn btn-icon" aria-label="Columns', '<details class="menu" open> <summary class="btn btn-icon" aria-label="Columns')
    own2 = make_namespace(cast.northlight, "press stills 2", indexes={"title": {"type": "keyword"}})
    safe = make_namespace(cast.northlight, "kept forever", in_qdrant=False, protected=True)
    ids = [cast.own.namespace_id, own2.namespace_id, safe.namespace_id, cast.system.namespace_id]
    def see(name, path, form=None):
        world.see(name, path, form=form)
        world.seen[name] = world.seen.popitem()[1]
    see("views", "/namespaces/views/")
    see("ask", "/namespaces/bulk/", {"id": ids, "kind": "index"})
    for kind in ("index", "delete", "expiry"):
        sent = {"id": ids, "kind": kind, "step": "plan", "ends": "7", "field_name": "title", "type": "text"}
        review = client.post("/namespaces/bulk/", sent).headers["Location"]
        see(f"review-{kind}", review)
        if kind == "delete":
            see("refused", review, {"step": "confirm", "count": "x"})
        if kind == "index":
            from nsadmin.bulk import service
            from nsadmin.bulk.models import BulkItem
            client.post(review, {"step": "confirm", "include": ids, "tick": list(service.ticks_of(BulkItem.objects.all()))})
            see("outcomes", review)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(draw, world.seen).result()

def draw(seen):
    with chromium.launched() as browser:
        for width, dark in ((1440, False), (390, False), (1440, True)):
            page = browser.new_page(bypass_csp=True, color_scheme="dark" if dark else "light", viewport={"width": width, "height": 900})
            page.route("**/*", lambda route: answer(route, seen))
            for number, name in enumerate(seen):
                if dark and name not in ("list", "review-delete", "outcomes"):
                    continue
                page.goto(f"{ORIGIN}/{number}")
                page.evaluate("document.fonts.ready")
                page.screenshot(path=f"/tmp/h/p-list-shots/{name}.{width}{'-dark' if dark else ''}.png", full_page=True)
