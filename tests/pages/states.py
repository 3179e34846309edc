"""Every page in every state that it has, as text: empty, filled, refused, silent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.test import Client, override_settings
from django.utils import timezone

from nsadmin.access.actor import SYSTEM
from nsadmin.access.keys.keys import create_key
from nsadmin.access.models import Membership, Organization
from nsadmin.access.permissions import Role
from nsadmin.advice import usage
from nsadmin.comparison.documents.findings import Findings
from nsadmin.comparison.make_like import likeness
from nsadmin.comparison.models import CANCELLED, Comparison
from nsadmin.comparison.start import start
from nsadmin.health.drift import drift_scan, reference_drift
from nsadmin.health.models import DriftRow
from nsadmin.health.sampling.sampler import sample
from nsadmin.jobs.models import Job, JobEvent, ScheduleRun, State
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.lifecycle import tombstones
from nsadmin.namespaces.models import MirroredNamespace, ReaperHold
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.plans import service
from nsadmin.plans.models import SavedPlan
from nsadmin.search import fill as search
from nsadmin.stores.counters import Tally
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.templates.configuration import configuration_of
from nsadmin.templates.models import NamespaceTemplate
from tests.cast import Cast, invite, make_namespace, make_resources
from tests.pages.test_audit import write
from tests.pages.test_compare import found_of, kept
from tests.resources import world as written

LONG = "מסמכים-וסרטים-" + "averyveryverylongwordwithoutanybreak" + "🎬🎞️📽️"
TEXT = {"type": "text", "tokenizer": "word", "lowercase": True}
LISTS = (
    "/namespaces/",
    "/namespaces/deleted/",
    "/namespaces/due/",
    "/jobs/",
    "/compare/",
    "/templates/",
    "/organization/",
    "/organization/keys/",
    "/organization/audit/",
    "/search/",
    "/organization/plan/",
)
UNDER = (
    "",
    "settings/",
    "documents/",
    "extractors/",
    "indexes/",
    "advice/",
    "infrastructure/",
    "drift/",
    "resources/buckets/",
    "resources/map/",
    "clone/",
    "template/",
    "config/",
    "audit/",
    "delete/",
)
STAGES = [
    {"key": "a", "title": "Prepare", "weight": 20, "state": "done", "done": 5},
    {
        "key": "b",
        "title": "Copy points",
        "weight": 80,
        "state": "running",
        "done": 25,
        "total": 100,
        "unit": "points",
    },
]


@dataclass
class World:
    """Who there is, how to browse as them, and the pages seen so far."""

    cast: Cast
    browse: Callable[..., Client]
    sure: Callable[..., Client]
    silence: Callable[[str], None]
    seen: dict[str, str] = field(default_factory=dict)

    def see(self, state: str, path: str, role: str = "admin", form: Any = None) -> None:
        """Keep what a role sees at a path, or gets for a form sent there."""
        client = Client() if role == "nobody" else self.sure(role)
        sent = client.get(path) if form is None else client.post(path, form)
        is_planned = sent.status_code == 303
        answer = client.get(sent.headers["Location"]) if is_planned else sent
        text = answer.content.decode()
        assert "<html" in text, (state, path, answer.status_code, text[:200])
        self.seen[f"{state}: {path} ({role})"] = text

    @property
    def own(self) -> str:
        """The path of Northlight's namespace."""
        return at(self.cast.own)


def at(namespace: Namespace, page: str = "") -> str:
    """The path of a namespace's page."""
    return f"/namespaces/{namespace.namespace_id}/{page}"


def nobody_and_strangers(world: World) -> None:
    """The doors, and what is refused."""
    world.see("door", "/accounts/login/", "nobody")
    world.see("refused", "/accounts/login/", "nobody", {"login": "x", "password": "y"})
    world.see("door", "/accounts/password/reset/", "nobody")
    with override_settings(NSADMIN_MAIL_WAY="console"):
        world.see("mailed", "/accounts/password/reset/", "nobody")
        world.see("mailed", "/organization/members/new/")
    world.see("ended", "/join/nothing-like-this/", "nobody")
    link = invite(world.cast.northlight, "nele@example.org", "Nele").secret
    world.see("door", f"/join/{link}/", "nobody")
    world.see("missing", "/namespaces/ns_doesnotexist/")
    world.see("forbidden", world.own + "settings/", "viewer")
    world.see("not allowed", world.own + "drift/", form={})
    world.see("all", "/styleguide/", "support")


def empty(world: World) -> None:
    """An organization without anything."""
    bare = Organization.objects.create(name="Bare", plan="pro")
    user = world.cast.users["stranger"]
    Membership.objects.filter(user=user).update(organization=bare)
    for path in (*LISTS, "/namespaces/new/"):
        world.see("empty", path, "stranger")
    Membership.objects.filter(user=user).update(organization=world.cast.halden)
    for path in ("/fleet/", "/schedules/", "/jobs/"):
        world.see("never run", path, "support")


def plain(world: World) -> None:
    """A namespace with nothing special, as each role sees it, and no match."""
    for page in UNDER:
        world.see("plain", world.own + page)
    for page in ("", "indexes/", "advice/", "drift/", "infrastructure/", "audit/"):
        world.see("read only", world.own + page, "viewer")
    for path in LISTS[:-1]:
        world.see("no match", f"{path}?search=nothing-like-this&field=zzz")
    world.see("no match", world.own + "audit/?field=nothing")
    world.see("no match", "/search/?q=nothing-like-this")
    world.see("bad filter", world.own + "audit/?since=never")
    for page in ("members/new/", "keys/new/"):
        world.see("form", f"/organization/{page}")
        world.see("refused", f"/organization/{page}", form={})


def forms(world: World) -> None:
    """Forms refused with their faults, and plans to confirm."""
    own = world.own
    world.see("refused", own + "settings/", form={"namespace_name": "a/b"})
    changed = {"namespace_name": "film archive", "description": LONG}
    world.see("plan", own + "settings/", form=changed)
    plans(world)
    world.see("refused", own + "clone/", form={"name": "film archive"})
    clone = {"namespace_name": "copied " * 9, "collections": "on", "retrievers": "on"}
    world.see("plan", own + "clone/", form=clone)
    new = {
        "token": str(uuid4()),
        "namespace_name": "planned " * 7,
        "description": LONG,
        "extractors": "text_extractor_v1",
        "expires": "never",
    }
    world.see("plan", "/namespaces/new/", form=new)
    world.see("open", own + "plans/")
    world.see("open", "/namespaces/plans/")
    world.see("refused", own + "template/", form={"name": ""})
    world.see("refused", own + "delete/", form={"typed_name": "another"})
    world.see("refused", own + "config/", form={"text": "a: [", "step": "preview"})
    world.see("refused", "/namespaces/new/", form={"namespace_name": ""})
    world.see("refused", own + "expiry/", form={"expires_at": "never"})


def plans(world: World) -> None:
    """The plan that was made last, in each of its states, and the rule of two."""
    saved = SavedPlan.objects.get()
    page = f"{world.own}plans/{saved.plan_id}/"
    world.see("read", page, "viewer")
    write_to = saved.namespace_id
    commit.commit(
        world.cast.actor("member"), write_to, parse_patch({"description": "Theirs."})
    )
    world.see("moved", page)
    SavedPlan.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    world.see("expired", page)
    saved = service.keep(
        SYSTEM, write_to, parse_patch({"description": LONG}), source="api"
    )
    service.confirm(SYSTEM, saved, ticks=set())
    world.see("confirmed", f"{world.own}plans/{saved.plan_id}/")
    rule = {"second_person": ["delete"], "second_person_asked": None}
    asked = {"changes": [], "by": "0", "label": LONG}
    organizations = Organization.objects.filter(pk=world.cast.northlight.pk)
    organizations.update(**{**rule, "second_person_asked": asked})
    world.see("rule", "/organization/second-person/")
    world.see("second person", world.own + "expiry/", form={"ends": "7"})
    organizations.update(second_person=[], second_person_asked=None)


def filled(world: World) -> None:
    """Rows of every kind, with long texts, on every list."""
    cast = world.cast
    long = make_namespace(
        cast.northlight,
        LONG[:64],
        indexes={"title": TEXT, "rank": {"type": "keyword"}, LONG[14:50]: TEXT},
        description=LONG * 5,
    )
    make_resources(long)
    write(cast, summary=LONG, changes=[{"before": LONG, "after": None}], revision=2)
    configuration = configuration_of(long)
    values = {"creator": "key:k", "creator_label": LONG, "description": LONG}
    template = NamespaceTemplate.objects.create(
        organization_id=cast.northlight.organization_id,
        name=LONG[:64],
        configuration=configuration,
        **values,
    )
    create_key(cast.northlight, name=LONG[:64], role=Role.VIEWER)
    invite(cast.northlight, "somebody@example.org", LONG[:50])
    tombstones.soft_delete(
        cast.actor(), make_namespace(cast.northlight, "gone").namespace_id
    )
    usage.count_filter(long.namespace_id, {"rank": Tally(150, 150, 1900.0)})
    search.run()
    for path in (*LISTS, "/search/?q=averyvery"):
        world.see("rows", path)
    for page in UNDER:
        world.see("long", at(long, page))
    tombstone = MirroredNamespace.objects.get(name="gone").namespace_id
    world.see("deleted", f"/namespaces/{tombstone}/deleted/")
    for part in ("", "use/"):
        world.see("long", f"/templates/{template.template_id}/{part}")
    admin = cast.northlight.memberships.get(role="member")
    world.see("form", f"/organization/members/{admin.pk}/")
    plan = {"accept": "wrong/integer/rank"}
    world.see("plan", at(long, "advice/"), form=plan)


def drifting(world: World) -> None:
    """Differences of every kind: in rows, to one who only reads, repaired, unknown."""
    own = make_namespace(
        world.cast.northlight,
        "drifting",
        indexes={"title": TEXT, "rank": {"type": "integer"}},
    )
    collections.drop_index(shared(), own.collection, "title")
    collections.drop_index(shared(), own.collection, "rank")
    collections.create_index(shared(), own.collection, "rank", {"type": "keyword"})
    collections.create_index(shared(), own.collection, "extra", {"type": "keyword"})
    collections.create_vector(
        shared(), own.collection, "stray", size=4, distance="cosine"
    )
    for role in ("admin", "viewer"):
        world.see("drift", at(own, "drift/"), role)
        rows = world.seen[f"drift: {at(own, 'drift/')} ({role})"]
        assert "card-table" in rows, "differences were made above"
        world.see("drift", at(own), role)
    for part in ("missing", "wrong", "extra"):
        world.see("repair", at(own, "repair/"), form={"parts": part})
    gone = make_namespace(world.cast.northlight, "without a collection")
    collections.drop(shared(), gone.collection)
    for page in UNDER:
        world.see("no collection", at(gone, page))
    sample()
    world.see("drift", "/fleet/", "support")


def resources(world: World) -> None:
    """Resources of every kind, their references, broken ones, and a map that folds."""
    made = make_namespace(world.cast.northlight, "torn", in_qdrant=False)
    torn = written.broken(made)
    torn.bucket("long", bucket_name=LONG, description=LONG * 20, status=["odd"])
    for kind in ("objects", "collections", "retrievers", "taxonomies"):
        world.see("rows", torn.path(f"{kind}/"), "viewer")
    world.see("no match", torn.path("objects/?search=nothing-like-this"))
    world.see("of a bucket", torn.path("objects/?bucket=bkt_gone00002"))
    for kind, own_id in (
        ("buckets", torn.id("bkt", "long")),
        ("collections", torn.id("col", "highlights")),
        ("taxonomies", torn.id("tax", "lost topics")),
        ("objects", torn.id("obj", "intake00001")),
    ):
        world.see("one", torn.path(f"{kind}/{own_id}/"))
    world.see("broken", torn.path("map/"))
    focus = f"map/?focus=collections/{torn.id('col', 'records')}"
    world.see("focus", torn.path(focus))
    drift_scan.store_differences(
        made.namespace_id, reference_drift.differences(made.namespace_id, "objects")
    )
    world.see("broken", at(made, "drift/"))
    folded = make_namespace(world.cast.northlight, "folded", in_qdrant=False)
    world.see("folded", written.large(folded, 4, 70).path("map/"))


def jobs(world: World) -> Iterator[Job]:
    """A job in every state."""
    now = timezone.now()
    for state in State.values:
        ended = state in ("done", "failed", "cancelled")
        yield Job.objects.create(
            kind="clone",
            title=f"Clone “{LONG[:60]}” as “a copy”",
            state=state,
            organization_id=world.cast.northlight.organization_id,
            internal_id=world.cast.northlight.internal_id,
            namespace_id=world.cast.own.namespace_id,
            namespace_name="a copy",
            actor_kind="user",
            actor_id="1",
            actor_label=LONG,
            error=LONG if state == "failed" else "",
            progress={"stages": STAGES, "percent": 40, "rate": 1942.0, "left_s": 1260},
            started_at=None if state == "queued" else now - timedelta(minutes=2),
            heartbeat_at=now,
            ended_at=now if ended else None,
            settled=ended,
            owner="worker-3",
        )


def compared(world: World) -> None:
    """Two namespaces beside each other, and comparisons of documents in every state."""
    own, cast = world.cast.own, world.cast
    long = make_namespace(
        cast.northlight,
        LONG[:64],
        indexes={"title": TEXT, LONG[14:50]: TEXT},
        description=LONG * 5,
        source_namespace_id=own.namespace_id,
    )
    make_resources(long)

    def between(left: str, right: str) -> str:
        return f"/compare/?left={left}&right={right}"

    for role in ("admin", "viewer"):
        world.see("differ", between(own.namespace_id, long.namespace_id), role)
    world.see("equal", between(own.namespace_id, cast.system.namespace_id))
    world.see("missing", between(own.namespace_id, "ns_" + LONG))
    world.see("twice", between(own.namespace_id, own.namespace_id))
    world.see("one side", between(own.namespace_id, ""))
    sides = {"left": own.namespace_id, "right": long.namespace_id}
    world.see("refused", "/compare/run/", form={**sides, "mode": "none"})
    plan = {"config": likeness(own, long).text}
    world.see("plan", at(long, "config/"), form=plan)
    for values in (
        {"result": found_of(Findings()), "is_equal": True},
        {"result": found_of(differing())},
        {"result": found_of(differing()), "mode": "sample"},
        {"result": {}, "is_equal": None, "error": LONG * 3},
        {"result": {}, "is_equal": None, "error": CANCELLED},
    ):
        row = kept(cast, own, long, **values)
        world.see("kept", f"/compare/{row.pk}/")
    start(cast.actor(), sides["left"], sides["right"], "sample")
    running = Comparison.objects.get(ended_at=None)
    world.see("running", f"/compare/{running.pk}/")
    world.see("running", f"/jobs/{running.pk}/")
    world.see("rows", "/compare/")
    world.see("rows", between(own.namespace_id, long.namespace_id))
    world.see("of a clone", at(long))


def differing() -> Findings:
    """Findings of every sort, with long names."""
    findings = Findings(crowded=True)
    for number in range(3):
        pair: dict[str, Any] = {"left": number, "right": number}
        findings.add_pair(pair, [LONG * 3, "title"], ["v" * 90])
        findings.add_alone("left", "0b7e3cde-6c5f-4d53-9f3e-" + "1" * 12, None)
        findings.add_alone("right", number, None)
    findings.add_digest("left", b"0" * 16)
    return findings


def several(world: World) -> None:
    """The list with views and other columns, and changes to several namespaces."""
    cast = world.cast
    safe = make_namespace(cast.northlight, LONG[:64], in_qdrant=False, protected=True)
    client = world.sure()
    view = {"name": LONG[:60], "address": f"search={LONG}&columns=tier&per=50"}
    client.post("/namespaces/views/", view)
    world.see("rows", "/namespaces/views/")
    world.see("refused", "/namespaces/views/", form={"name": "", "address": "x=1"})
    world.see("columns", "/namespaces/?columns=created,expires,health&per=50")
    ids = [cast.own.namespace_id, safe.namespace_id, "ns_" + LONG, "gone"]
    new = "/namespaces/bulk/"
    for kind in ("index", "template", "expiry"):
        world.see("asked", new, form={"id": ids, "kind": kind})
        sent = {"id": ids, "kind": kind, "step": "plan"}
        world.see("refused", new, form=sent)
    for kind in ("auto_on", "delete", "expiry"):
        sent = {"id": ids, "kind": kind, "step": "plan", "ends": "7"}
        review = client.post(new, sent).headers["Location"]
        world.see("review", review)
        world.see("refused", review, form={"step": "confirm", "count": "x"})
        if kind == "auto_on":
            client.post(review, {"step": "confirm", "include": ids[:2]})
            world.see("outcomes", review)


def working(world: World) -> None:
    """Jobs and schedules that wait, run, have failed and are done."""
    for job in jobs(world):
        JobEvent.objects.create(job=job, sentence=LONG)
        world.see(job.state, f"/jobs/{job.job_id}/")
        world.see(job.state, f"/jobs/{job.job_id}/", "viewer")
    world.see("rows", "/jobs/")
    now = timezone.now()
    for name, error in (("purge", LONG), ("sample", "")):
        ScheduleRun.objects.create(
            name=name,
            slot=f"{name}-1",
            asked_at=now,
            started_at=now,
            ended_at=now,
            error=error,
        )
    world.see("rows", "/schedules/", "platform_admin")


def troubled(world: World) -> None:
    """What staff see when clusters, namespaces and clean-ups need them."""
    now = timezone.now()
    DriftRow.objects.create(
        cluster="shared",
        kind="orphan",
        subject="ns_" + LONG,
        right="nobody",
        way="look",
        sentence="",
        first_seen=now,
        last_seen=now,
    )
    ReaperHold.objects.create(
        internal_id=world.cast.northlight.internal_id,
        namespace_ids=[world.cast.own.namespace_id],
    )
    rows = MirroredNamespace.objects.filter(pk=world.cast.own.namespace_id)
    rows.update(health="error", clone_status="failed", differences=2)
    snapshots.record_silence([world.cast.own.namespace_id], "Qdrant does not answer.")
    for role in ("support", "platform_admin"):
        world.see("trouble", "/fleet/", role)
    world.see("held", "/namespaces/due/")
    world.see("trouble", "/namespaces/")


def unreadable(world: World) -> None:
    """Documents that somebody else wrote in another shape."""
    raw = store.get(world.cast.own.namespace_id)
    assert raw is not None
    odd: dict[str, Any] = {
        "description": "x" * 2000,
        "infrastructure": {"gpu_type": None},
    }
    made = make_namespace(world.cast.northlight, "odd", in_qdrant=False, **odd)
    for page in UNDER:
        world.see("odd", at(made, page))


def silent(world: World) -> None:
    """No answer: of Qdrant first, then of MongoDB as well."""
    own = world.cast.own
    world.sure().get(world.own)
    for quiet in ("qdrant", "mongodb"):
        world.silence(quiet)
        snapshots.invalidate(own.namespace_id)
        for page in UNDER:
            world.see(f"without {quiet}", world.own + page)
        for path in LISTS:
            world.see(f"without {quiet}", path)
        world.see(f"without {quiet}", "/fleet/", "support")


def documents(world: World) -> None:
    """Documents found and not found, a filter that is edited and refused; one document."""
    text = {"title": LONG, LONG[14:40]: [LONG, {"deep": [{"deeper": [LONG * 40]}]}]}
    row = {"document_id": "doc_odd", "internal_id": world.cast.own.internal_id, **text}
    vector = dict.fromkeys(collections.get(shared(), world.cast.own.collection).vectors)
    points.put(
        shared(),
        world.cast.own.collection,
        [{"id": 7, "vector": {n: [0.1] * 512 for n in vector}, "payload": row}],
    )
    found = world.own + "documents/"
    for query in (
        "",
        "?f=title&o=is&v=" + LONG[14:30],
        "?f=title&o=is&v=nothing&f=rank&t=integer&o=gte&v=0&g=any",
        "?f=rank&t=integer&o=is&v=many&f=title&o=radius&v=1",
        "?add=none&f=rank&t=float&o=between&v=&f=edges[].kind&o=is&v=x&e=1",
        "?facet=document_id&sample=1&column=" + LONG[14:40],
        "?cursor=nothing",
    ):
        world.see("documents", found + query)
    for part in ("", "?tab=json", "?tab=vectors", "?tab=neighbors&f=rank&o=null"):
        world.see("document", f"{found}doc_odd/{part}")
    world.see("document", found + "doc_none/")
    world.see("value", found + "doc_odd/value/?pointer=/title")


STATES: tuple[Callable[[World], None], ...] = (
    nobody_and_strangers,
    empty,
    plain,
    forms,
    filled,
    drifting,
    documents,
    resources,
    compared,
    several,
    working,
    troubled,
    unreadable,
    silent,
)
