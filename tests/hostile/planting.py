"""Texts in every field that a page may show, whoever wrote it there.

They are written into the stores: names that our own forms refuse can come from other
writers of the same documents.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone

from nsadmin.access.models import Invitation, User
from nsadmin.advice import usage
from nsadmin.advice.models import AutoIndex, Dismissal
from nsadmin.audit.record import RecordedActor, record
from nsadmin.bulk.asked import Asked
from nsadmin.bulk.models import BulkChange, BulkItem, State
from nsadmin.health.models import DriftRow
from nsadmin.jobs.models import Job, JobEvent, ScheduleRun
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.models import SavedView
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.text import name_key
from nsadmin.resources.references.kinds import WORDS
from nsadmin.stores.counters import Tally
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.connection import collection
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.templates.configuration import configuration_of
from nsadmin.templates.models import NamespaceTemplate
from tests.cast import Cast, invite, make_namespace, make_resources


def plant(cast: Cast, texts: list[str]) -> dict[str, str]:
    """Write the texts, in turn, wherever there is text; return what leads to it."""
    some = cycle(texts)
    _people(cast, some)
    values = {"<namespace_id>": cast.own.namespace_id, "<document_id>": "1"}
    values["<resource_id>"] = _namespace(cast.own, some)
    _advice(cast.own, some)
    clone = make_namespace(cast.northlight, next(some), in_qdrant=False)
    _failed_clone(clone, cast.own, some)
    deleted = make_namespace(cast.northlight, next(some), in_qdrant=False)
    _buried(deleted, some)
    values["<buried_id>"] = deleted.namespace_id
    values["<clone_id>"] = clone.namespace_id
    values["<job_id>"] = [_job(cast, state, some) for state in ("done", "failed")][-1]
    values["<live_job_id>"] = _job(cast, "running", some)
    for text in texts:
        values["<op_id>"] = _audit(cast, text, some)
    _schedule(some)
    NamespaceTemplate.objects.create(
        organization_id=cast.northlight.organization_id,
        creator=next(some)[:80],
        creator_label=next(some),
        name=next(some),
        description=next(some),
        category=next(some),
        tags=[next(some)],
        configuration=configuration_of(cast.own),
    )
    _list(cast, some, values)
    values["<resource_kind>"] = "buckets"
    values["<member_id>"] = str(cast.users["viewer"].memberships.get().pk)
    values["<key_id>"] = cast.keys["viewer"].split("_")[1]
    asked = invite(cast.northlight, "asked@example.org")
    values["<secret>"] = asked.secret
    Invitation.objects.update(email=next(some)[:254], name=next(some)[:100])
    return values


def _list(cast: Cast, some: Iterator[str], values: dict[str, str]) -> None:
    """A saved view, and a change to several namespaces, confirmed with all states."""
    view = SavedView.objects.create(
        person=str(cast.users["admin"].pk),
        organization_id=cast.northlight.organization_id,
        name=next(some)[:60],
        name_key=next(some)[:60],
        address=urlencode({"search": next(some), "extractor": next(some)}),
    )
    values["<view_id>"] = view.view_id
    for place, confirmed_at in (("<bulk_id>", None), ("<done_id>", timezone.now())):
        change = BulkChange.objects.create(
            organization_id=cast.northlight.organization_id,
            internal_id=cast.northlight.internal_id,
            asked=Asked("template", template_name=next(some)).to_json(),
            made_by_label=next(some),
            confirmed_by_label=next(some),
            confirmed_at=confirmed_at,
        )
        values[place] = change.bulk_id
        for position, state in enumerate(State.values):
            BulkItem.objects.create(
                change=change,
                position=position,
                namespace_id=f"ns_{position}" + "x" * 60,
                namespace_name=next(some),
                state=state,
                steps=[next(some)],
                warnings=[[next(some), True]],
                message=next(some),
            )


def _people(cast: Cast, some: Iterator[str]) -> None:
    for organization in (cast.northlight, cast.halden, cast.operator):
        organization.name = next(some)
        organization.save()
        for key in organization.api_keys.all():
            key.name = next(some)
            key.save()
    for user in User.objects.all():
        user.name = next(some)
        user.save()


def _namespace(own: Namespace, some: Iterator[str]) -> str:
    """Write the texts into a namespace and its resources; return a bucket's id."""
    bucket_id = make_resources(own)
    name = next(some)
    at = {"namespace_id": own.namespace_id}
    odd: list[dict[str, Any]] = [
        {
            "field_name": next(some),
            "type": kind,
            "field_schema": {"type": kind, next(some): next(some)},
            "is_protected": False,
        }
        for kind in ("keyword", "text", "integer")
    ]
    changed: dict[str, Any] = {
        "namespace_name": name,
        "name_key": name_key(name),
        "description": next(some),
        "payload_indexes": odd,
        "cluster_id": next(some),
        "vector_inference_map": {next(some).replace(".", "-"): next(some)},
        "infrastructure.description": next(some),
        "infrastructure.gpu_type": next(some),
        "infrastructure.ray_head_node_url": next(some),
        "infrastructure.ray_cluster_id": next(some),
        "infrastructure.s3_vector_bucket": next(some),
        "muted_auto_indexes": [next(some)],
        "expires_at": datetime.now(UTC) + timedelta(days=2),
    }
    collection(store.NAME).update_one(at, {"$set": changed})
    text_extractor = {
        "feature_extractor_name": next(some),
        "version": next(some),
        "params": {next(some).replace(".", "-"): next(some)},
    }
    collection(store.NAME).update_one(
        at, {"$push": {"feature_extractors": text_extractor}}
    )
    for kind in resources.KINDS:
        named = ("name", WORDS[kind].name_field or "key_prefix", "description")
        texts = {key: next(some) for key in (*named, "status")}
        collection(kind).update_many(at, {"$set": texts})
    payload = {next(some): next(some) for _ in range(5)}
    points.put(shared(), own.collection, [{"id": 1, "vector": {}, "payload": payload}])
    mirror.mirror_one(store.get(own.namespace_id))
    return bucket_id


def _advice(own: Namespace, some: Iterator[str]) -> None:
    fields = [next(some) for _ in range(6)]
    usage.count_filter(own.namespace_id, dict.fromkeys([*fields, "rank"], Tally(500)))
    now = timezone.now()
    at = own.namespace_id
    Dismissal.objects.create(
        namespace_id=at,
        field_name=fields[0],
        kind="missing",
        reason=next(some),
        actor_label=next(some),
    )
    Dismissal.objects.create(
        namespace_id=at,
        field_name="rank",
        kind="missing",
        reason=next(some),
        actor_label=next(some),
    )
    for state in AutoIndex.State.values:
        AutoIndex.objects.create(
            namespace_id=at,
            field_name=next(some),
            index_type="keyword",
            state=state,
            count_24h=900,
            error=next(some),
            expected=3,
            found=1,
            created_at=now,
        )
    DriftRow.objects.create(
        namespace_id=at,
        kind="index_missing",
        subject=next(some),
        wanted=next(some),
        actual=next(some),
        shown=next(some),
        right="mongo",
        way="repair",
        sentence=next(some),
        first_seen=now,
        last_seen=now,
    )


def _failed_clone(clone: Namespace, source: Namespace, some: Iterator[str]) -> None:
    changed = {
        "clone_status": "failed",
        "clone_error": next(some),
        "source_namespace_id": source.namespace_id,
        "description": next(some),
    }
    at = {"namespace_id": clone.namespace_id}
    collection(store.NAME).update_one(at, {"$set": changed})
    mirror.mirror_one(store.get(clone.namespace_id))


def _buried(deleted: Namespace, some: Iterator[str]) -> None:
    now = datetime.now(UTC)
    changed = {
        "deleted_at": now,
        "purge_after": now + timedelta(days=5),
        "deleted_by": next(some),
        "description": next(some),
    }
    at = {"namespace_id": deleted.namespace_id}
    collection(store.NAME).update_one(at, {"$set": changed})
    mirror.mirror_one(store.get(deleted.namespace_id))


def _job(cast: Cast, state: str, some: Iterator[str]) -> str:
    stage = {
        "key": "objects",
        "title": next(some),
        "weight": 1,
        "state": "failed" if state == "failed" else state,
        "done": 1,
        "total": 2,
        "unit": next(some),
        "seconds": 1.0,
    }
    proof = [{"what": next(some), "source": 1, "clone": 1, "equal": True}]
    now = timezone.now()
    job = Job.objects.create(
        kind="clone",
        state=state,
        organization_id=cast.northlight.organization_id,
        internal_id=cast.northlight.internal_id,
        namespace_id=cast.own.namespace_id,
        namespace_name=next(some),
        source_namespace_id=cast.own.namespace_id,
        title=next(some),
        actor_kind="user",
        actor_id=next(some),
        actor_label=next(some),
        request_id=next(some),
        inputs={"description": next(some), "source_name": next(some)},
        progress={"stages": [stage], "percent": 1},
        outputs={"proof": proof, "cloned_resources": {next(some): 1}},
        error=next(some),
        waiting=next(some) if state == "running" else "",
        waits=3 if state == "running" else 0,
        owner=next(some),
        settled=state != "running",
        started_at=now,
        heartbeat_at=now + timedelta(minutes=10),
        lease_until=now + timedelta(minutes=10),
    )
    JobEvent.objects.create(job=job, sentence=next(some))
    return str(job.job_id)


def _audit(cast: Cast, text: str, some: Iterator[str]) -> str:
    row = record(
        action="namespace:update",
        summary=text,
        actor=RecordedActor("user", "1", next(some)),
        organization_id=cast.northlight.organization_id,
        namespace_id=cast.own.namespace_id,
        changes=[
            {
                "kind": "set_field",
                "field": "description",
                "before": next(some),
                "after": next(some),
            }
        ],
    )
    return row.op_id


def _schedule(some: Iterator[str]) -> None:
    now = timezone.now()
    for name in ("purge", "mirror", "expire"):
        ScheduleRun.objects.create(
            name=name,
            slot=now.isoformat(),
            by=next(some),
            asked_at=now,
            started_at=now,
            ended_at=now,
            result={next(some): 1},
            error=next(some),
        )
