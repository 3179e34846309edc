"""One word in everything that an organization has, to look for it elsewhere."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from nsadmin.access.actor import SYSTEM
from nsadmin.access.models import Membership, User
from nsadmin.advice import usage
from nsadmin.audit.record import RecordedActor, record
from nsadmin.comparison.documents.findings import Findings
from nsadmin.comparison.documents.result import result_of
from nsadmin.comparison.models import Comparison
from nsadmin.jobs.models import Job, JobEvent
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.namespaces.schema.text import name_key
from nsadmin.notifications.kinds import CLONED
from nsadmin.notifications.models import Delivery, Event, Webhook
from nsadmin.notifications.sealing import sealed
from nsadmin.plans import service
from nsadmin.resources.references.kinds import WORDS
from nsadmin.stores.counters import Tally
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.connection import collection
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.stores.webhook import new_secret
from nsadmin.templates.configuration import configuration_of
from nsadmin.templates.models import NamespaceTemplate
from tests.cast import Cast, invite, make_resources

WORD = "zebrafinch7719"
ASKED = f"asked@{WORD}.example"


def mark(cast: Cast) -> dict[str, str]:
    """Write the word into all that Northlight has; return what leads there."""
    _people(cast)
    bucket_id = make_resources(cast.own)
    own = _namespace(cast.own)
    job = _job(cast)
    audit = _audit(cast)
    return {
        "<namespace_id>": own.namespace_id,
        "<identifier>": own.namespace_id,
        "<resource_id>": bucket_id,
        "<job_id>": job,
        "<task_id>": job,
        "<op_id>": audit,
        "<plan_id>": _plan(own),
        "<template_id>": _template(cast),
        "<comparison_id>": _comparison(cast),
        "<member_id>": str(cast.users["viewer"].memberships.get().pk),
        "<invitation_id>": str(invite(cast.northlight, ASKED, WORD).invitation.pk),
        **_webhook(cast),
        "<key_id>": cast.keys["viewer"].split("_")[1],
    }


def _webhook(cast: Cast) -> dict[str, str]:
    """A webhook, and a delivery to it that failed."""
    own = {"organization_id": cast.northlight.organization_id}
    hook = Webhook(name=f"hook {WORD}", origin=f"https://{WORD}.example", **own)
    hook.address = sealed(hook, "address", f"https://{WORD}.example/{WORD}")
    hook.secret = sealed(hook, "secret", new_secret())
    hook.kinds = [CLONED]
    hook.save()
    facts = {"namespace_name": f"films {WORD}", "job_id": str(uuid4())}
    event = Event.objects.create(kind=CLONED, key=WORD, facts=facts, **own)
    sent = Delivery.objects.create(
        event=event, webhook=hook, state="failed", answer=WORD, error=WORD, **own
    )
    return {"<webhook_id>": hook.webhook_id, "<delivery_id>": str(sent.pk)}


def _people(cast: Cast) -> None:
    cast.northlight.name = f"Northlight {WORD}"
    cast.northlight.save()
    cast.northlight.api_keys.update(name=f"key {WORD}")
    members = Membership.objects.filter(organization=cast.northlight)
    for user in User.objects.filter(memberships__in=members):
        user.name, user.email = f"Person {WORD}", f"{user.pk}@{WORD}.example"
        user.save()


def _namespace(namespace: Namespace) -> Namespace:
    name = f"films {WORD}"
    index = {
        "field_name": f"f_{WORD}",
        "type": "keyword",
        "field_schema": {"type": "keyword"},
        "is_protected": False,
        "origin": "user",
    }
    changed: dict[str, Any] = {
        "namespace_name": name,
        "name_key": name_key(name),
        "description": f"About {WORD}.",
        "payload_indexes": [index],
    }
    at = {"namespace_id": namespace.namespace_id}
    collection(store.NAME).update_one(at, {"$set": changed})
    for kind in resources.KINDS:
        named = ("name", WORDS[kind].name_field or "key_prefix", "description")
        collection(kind).update_many(at, {"$set": dict.fromkeys(named, WORD)})
    collections.create_index(
        shared(), namespace.collection, f"f_{WORD}", {"type": "keyword"}
    )
    points.put(
        shared(),
        namespace.collection,
        [{"id": 1, "vector": {}, "payload": {f"f_{WORD}": WORD}}],
    )
    usage.count_filter(namespace.namespace_id, {f"f_{WORD}": Tally(9)})
    raw = store.get(namespace.namespace_id)
    mirror.mirror_one(raw)
    return document.read(raw)


def _plan(namespace: Namespace) -> str:
    """A kept plan of another description."""
    wanted = parse_patch({"description": f"Planned: {WORD}."})
    saved = service.keep(SYSTEM, namespace.namespace_id, wanted, source="api")
    return saved.plan_id


def _job(cast: Cast) -> str:
    job = Job.objects.create(
        kind="clone",
        organization_id=cast.northlight.organization_id,
        internal_id=cast.northlight.internal_id,
        namespace_id=cast.own.namespace_id,
        namespace_name=f"films {WORD}",
        title=f"Clone {WORD}",
        actor_kind="user",
        actor_id="1",
        actor_label=f"somebody@{WORD}.example",
        inputs={"description": WORD},
        progress={"stages": [], "percent": 1},
        outputs={"proof": []},
        error=f"It broke at {WORD}.",
        waiting=f"Waits for {WORD}.",
    )
    JobEvent.objects.create(job=job, sentence=f"Began with {WORD}.")
    return str(job.job_id)


def _audit(cast: Cast) -> str:
    step = {
        "kind": "set_field",
        "field": "description",
        "before": WORD,
        "after": f"{WORD} again",
    }
    row = record(
        action="namespace:update",
        summary=f"Set {WORD}.",
        actor=RecordedActor("user", "1", f"somebody@{WORD}.example"),
        organization_id=cast.northlight.organization_id,
        namespace_id=cast.own.namespace_id,
        changes=[step],
    )
    return row.op_id


def _comparison(cast: Cast) -> str:
    found = {"name": WORD, "count": 1}
    example = {"left": 1, "right": 1, "paths": [WORD], "vectors": []}
    row = Comparison.objects.create(
        organization_id=cast.northlight.organization_id,
        internal_id=cast.northlight.internal_id,
        actor_label=f"somebody@{WORD}.example",
        left_id=cast.own.namespace_id,
        left_name=f"films {WORD}",
        right_id=cast.system.namespace_id,
        right_name="world sample",
        mode="full",
        result={
            **result_of(Findings(), is_full=True, notes=[WORD]),
            "is_equal": False,
            "paths": [found],
            "examples": {"different": [example]},
            "related": "names",
            "began_at": timezone.now().isoformat(),
            "ended_at": timezone.now().isoformat(),
        },
        expires_at=timezone.now() + timedelta(days=1),
    )
    return str(row.comparison_id)


def _template(cast: Cast) -> str:
    made = NamespaceTemplate.objects.create(
        organization_id=cast.northlight.organization_id,
        creator=f"key:{WORD}",
        name=f"template {WORD}",
        description=WORD,
        configuration=configuration_of(cast.own),
    )
    return made.template_id
