"""Rows of the mirror and snapshots of Qdrant; all can be dropped and rebuilt."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Concat
from django.utils import timezone

from nsadmin.namespaces.cluster_models import ClusterReading, ClusterSlot

__all__ = [
    "ClusterReading",
    "ClusterSlot",
    "DeletionHold",
    "DeletionRun",
    "HealingTurn",
    "LastLook",
    "LookSlot",
    "MirrorFill",
    "MirroredDocument",
    "MirroredNamespace",
    "ReaperHold",
]

# {order of a list: its column}
LIST_ORDERS: Mapping[str, str] = {
    "updated": "updated_at",
    "created": "created_at",
    "name": "name_key",
    "documents": "document_count",
    "indexes": "index_count",
    "expiry": "expires_at",
}
SYSTEM = "system"
_OWN, _DELETED = "org:", "deleted:"


def own(internal_id: str) -> str:
    """Return what `listed_for` holds for the namespaces of a tenant."""
    return f"{_OWN}{internal_id}"


def deleted(internal_id: str) -> str:
    """Return what `listed_for` holds for the tombstones of a tenant."""
    return f"{_DELETED}{internal_id}"


def tenant_of(listed_for: str) -> str:
    """Return the tenant of a value of `listed_for`; empty for SYSTEM."""
    return listed_for.partition(":")[2]


def _trouble_indexes() -> list[models.Index]:
    """Return an index of the namespaces with each trouble, by organization."""
    conditions = {
        "unreadable": ~Q(unreadable=""),
        "error": Q(health="error"),
        "unknown": Q(health="unknown"),
        "differs": Q(differences__gt=0),
        "failed": Q(clone_status="failed"),
    }
    return [
        models.Index(
            fields=["internal_id", "namespace_id"],
            condition=condition,
            name=f"mirror_{name}",
        )
        for name, condition in conditions.items()
    ]


class MirroredNamespace(models.Model):
    """A copy of a namespace for lists; the namespace store holds the original.

    Counts are null while unknown. `search_text` has what a search looks through,
    without case; `unreadable` a line for each value that cannot be read. `cluster_url`
    is the address of a dedicated cluster, unchecked, and `collection` the name of the
    collection there.

    The database computes four columns for the lists: `listed_for` is `own` of the
    tenant, SYSTEM, or for a tombstone `deleted` of the tenant.

    Only the sampler writes the four before: `looked_at` is the last answer of Qdrant
    about this collection alone, `next_look_at` when it is asked next, `counted` the
    points that its cluster's counts gave when they last differed, and `changed_at`
    since when the counts say that it changed and no look has followed.
    """

    namespace_id = models.CharField(max_length=128, primary_key=True)
    organization_id = models.CharField(max_length=64, blank=True)
    internal_id = models.CharField(max_length=64)
    name = models.CharField(max_length=128)
    name_key = models.CharField(max_length=256)
    description = models.TextField(blank=True)
    search_text = models.TextField(blank=True)
    unreadable = models.TextField(blank=True)
    scope = models.CharField(max_length=16, default="org")
    namespace_type = models.CharField(max_length=16, default="standard")
    tier = models.CharField(max_length=16, default="shared")
    cluster_url = models.CharField(max_length=500, blank=True)
    collection = models.CharField(max_length=255, blank=True)
    auto_create_indexes = models.BooleanField(default=False)
    extractor_ids = models.JSONField(default=list)
    index_count = models.IntegerField(default=0)
    document_count = models.BigIntegerField(null=True)
    document_count_at = models.DateTimeField(null=True)
    object_count = models.BigIntegerField(null=True)
    bucket_count = models.BigIntegerField(null=True)
    collection_count = models.BigIntegerField(null=True)
    retriever_count = models.BigIntegerField(null=True)
    taxonomy_count = models.BigIntegerField(null=True)
    clone_status = models.CharField(max_length=16, blank=True)
    clone_error = models.CharField(max_length=1000, blank=True)
    clone_task_id = models.CharField(max_length=64, blank=True)
    source_namespace_id = models.CharField(max_length=128, blank=True)
    source_name = models.CharField(max_length=128, blank=True)
    health = models.CharField(max_length=16, default="unknown")
    health_since = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    is_protected = models.BooleanField(default=False)
    deletion_task_id = models.CharField(max_length=64, blank=True)
    deleted_at = models.DateTimeField(null=True)
    purge_after = models.DateTimeField(null=True)
    created_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)
    revision = models.IntegerField(default=0)
    observed_revision = models.IntegerField(default=0)
    differences = models.IntegerField(default=0)
    mirrored_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    next_look_at = models.DateTimeField(default=timezone.now)
    counted = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField(null=True)
    listed_for = models.GeneratedField(
        expression=Case(
            When(
                deleted_at__isnull=False, then=Concat(Value(_DELETED), F("internal_id"))
            ),
            When(scope="system", then=Value(SYSTEM)),
            default=Concat(Value(_OWN), F("internal_id")),
        ),
        output_field=models.CharField(max_length=80),
        db_persist=True,
    )
    stored_status = models.GeneratedField(
        expression=Case(
            When(~Q(deletion_task_id=""), then=Value("deleting")),
            When(clone_status__in=("cloning", "failed"), then=F("clone_status")),
            default=F("health"),
        ),
        output_field=models.CharField(max_length=16),
        db_persist=True,
    )
    has_differences = models.GeneratedField(
        expression=Case(
            When(differences__gt=0, then=Value(value=True)), default=Value(value=False)
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    is_unreadable = models.GeneratedField(
        expression=Case(
            When(unreadable="", then=Value(value=False)), default=Value(value=True)
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["tier", "cluster_url", "next_look_at"],
                name="look_due",
                condition=models.Q(deleted_at=None),
            ),
            models.Index(
                # All that `members.dedicated_places` reads, so the rows are not.
                fields=[
                    *("tier", "deleted_at", "cluster_url"),
                    *("internal_id", "namespace_id"),
                ],
                name="look_places",
            ),
            models.Index(
                fields=["tier", "cluster_url"],
                name="look_silent",
                condition=models.Q(health_since__isnull=False),
            ),
            models.Index(fields=["internal_id", "name_key"], name="mirror_by_name"),
            models.Index(fields=["name_key"], name="mirror_name"),
            models.Index(fields=["source_namespace_id"], name="mirror_by_source"),
            # One for each order of a list, in both directions; equal rows by their ids.
            *(
                models.Index(
                    fields=["listed_for", column, "namespace_id"], name=f"list_{name}"
                )
                for name, column in LIST_ORDERS.items()
            ),
            models.Index(fields=["listed_for", "stored_status"], name="list_status"),
            models.Index(fields=["listed_for", "tier"], name="list_tier"),
            models.Index(
                fields=["listed_for"],
                condition=Q(has_differences=True),
                name="list_differing",
            ),
            models.Index(
                fields=["listed_for"],
                condition=Q(is_unreadable=True),
                name="list_unreadable",
            ),
            *_trouble_indexes(),
            models.Index(
                fields=["expires_at"],
                condition=Q(expires_at__isnull=False),
                name="mirror_expires",
            ),
            models.Index(
                fields=["purge_after"],
                condition=Q(purge_after__isnull=False),
                name="mirror_purge",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def faults(self) -> list[str]:
        """What cannot be read of the document, in sentences."""
        return self.unreadable.split("\n") if self.unreadable else []

    @property
    def status(self) -> str:
        """The status in lists: that of a deletion or clone job, else the health."""
        if self.deletion_task_id:
            return "deleting"
        return (
            self.clone_status
            if self.clone_status in ("cloning", "failed")
            else self.health
        )


class MirroredDocument(models.Model):
    """The store's document of a mirrored namespace, without secrets.

    It is shown while the store is away, and in lists of the API. In a table of its own,
    it does not slow down reading the rows.
    """

    namespace = models.OneToOneField(
        MirroredNamespace,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="document",
    )
    content = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.namespace_id


class ListedExtractor(models.Model):
    """An extractor of a mirrored namespace, cut to 200 characters.

    Database triggers keep it in step with the mirror.
    """

    namespace_id = models.CharField(max_length=128)
    listed_for = models.CharField(max_length=80)
    extractor = models.CharField(max_length=200)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["listed_for", "extractor", "namespace_id"],
                name="listed_extractor",
            ),
            models.Index(
                fields=["namespace_id", "extractor"], name="extractor_of_listed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.extractor} of {self.namespace_id}"


class ListCount(models.Model):
    """How many namespaces of a list have these values; rows with equal values add up.

    `extractor` is empty in the rows that count each namespace once; the others count it
    once for each of its extractors. Database triggers change the rows in the
    transaction of the mirror: on SQLite in place, on PostgreSQL by adding rows, so that
    no writer waits for another one.
    """

    listed_for = models.CharField(max_length=80)
    tier = models.CharField(max_length=16)
    status = models.CharField(max_length=16)
    differs = models.BooleanField()
    unreadable = models.BooleanField()
    extractor = models.CharField(max_length=200)
    n = models.BigIntegerField()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["listed_for", "extractor", "status"], name="list_count"
            )
        ]

    def __str__(self) -> str:
        return f"{self.n} of {self.listed_for}"


class MirrorFill(models.Model):
    """The single row with the time of the last full comparison of the mirror.

    `documents` is the number of namespaces in the store at that time. Without the row
    the mirror was never filled, and an empty list means nothing.
    """

    filled_at = models.DateTimeField()
    documents = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.documents} at {self.filled_at:%H:%M:%S}"


class MirrorState(models.Model):
    """The single row of the process that follows the namespace store.

    `holder` is the process that leads until `held_until`; others wait. `way` is how it
    follows: "stream" with `tokens`, one for each collection, or "cursor" up to
    `cursor_at`; both are good for the store whose address has the digest `store`. Rows
    are right up to `followed_at`. `filling_after` is the id up to which a first filling
    went, `rolling_after` the one up to which whole documents were compared.
    """

    holder = models.CharField(max_length=64, blank=True)
    held_until = models.DateTimeField(null=True)
    way = models.CharField(max_length=16, blank=True)
    store = models.CharField(max_length=64, blank=True)
    tokens = models.JSONField(default=dict)
    cursor_at = models.DateTimeField(null=True)
    followed_at = models.DateTimeField(null=True)
    filling_after = models.TextField(blank=True)
    rolling_after = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.way or 'idle'} of {self.holder or 'no process'}"


class LastLook(models.Model):
    """The last snapshot of a collection in Qdrant.

    `live` is the last good answer and `live_at` its time; `ok`, `error` and `taken_at`
    describe the last attempt. `unknown_since` is null while Qdrant answers. `told` has
    more facts, such as builds, shards and size, each with its own time.
    """

    namespace_id = models.CharField(max_length=128, primary_key=True)
    taken_at = models.DateTimeField()
    ok = models.BooleanField()
    exists = models.BooleanField(default=True)
    error = models.CharField(max_length=500, blank=True)
    response_ms = models.FloatField(null=True)
    live = models.JSONField(null=True)
    live_at = models.DateTimeField(null=True)
    unknown_since = models.DateTimeField(null=True)
    told = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["namespace_id"], condition=Q(exists=False), name="look_gone"
            )
        ]

    def __str__(self) -> str:
        return f"{self.namespace_id} at {self.taken_at:%H:%M:%S}"


class LookSlot(models.Model):
    """Five minutes of a collection's history: its worst status and slowest answer.

    `points` is the count of the last good answer in that time; it is null, like
    `response_ms`, if there was none.
    """

    namespace_id = models.CharField(max_length=128)
    at = models.DateTimeField(db_index=True)
    status = models.CharField(max_length=16)
    points = models.BigIntegerField(null=True)
    response_ms = models.FloatField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["namespace_id", "at"], name="look_slot_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.namespace_id} at {self.at:%H:%M}"


class HealingTurn(models.Model):
    """The time of the next attempt to finish an operation that was left open."""

    op_id = models.CharField(max_length=64, primary_key=True)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.op_id} at {self.next_try_at:%H:%M:%S}"


class ReaperHold(models.Model):
    """Expired namespaces of one organization that are too many to delete unattended.

    After a person has released them, the next run deletes these and no others.
    """

    internal_id = models.CharField(max_length=64, primary_key=True)
    namespace_ids = models.JSONField(default=list)
    held_at = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=254, blank=True)

    def __str__(self) -> str:
        return f"{len(self.namespace_ids)} of {self.internal_id}"


class DeletionHold(models.Model):
    """Deletions that the platform wants to make by itself and that a fuse holds.

    `kind` is "expiry" or "purge", `reason` why they are held. After a platform admin
    has released them, the next run makes these and no others.
    """

    kind = models.CharField(max_length=16, primary_key=True)
    reason = models.CharField(max_length=16)
    namespace_ids = models.JSONField(default=list)
    held_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=254, blank=True)

    def __str__(self) -> str:
        return f"{self.kind}: {len(self.namespace_ids)} held"


class DeletionRun(models.Model):
    """One run that may delete: its time by the database, and what it deleted unasked.

    Deletions that a person has released are not counted. Runs that delete nothing share
    one row.
    """

    kind = models.CharField(max_length=16)
    at = models.DateTimeField()
    deleted = models.IntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["kind", "at"], name="deletion_run_latest")
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%H:%M:%S}"
