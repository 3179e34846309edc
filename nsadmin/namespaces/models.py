"""Rows of the mirror and snapshots of Qdrant; all can be dropped and rebuilt."""

from typing import ClassVar

from django.db import models

from nsadmin.namespaces.list_models import (
    HAS_DIFFERENCES,
    IS_UNREADABLE,
    LIST_INDEXES,
    LISTED_FOR,
    STORED_STATUS,
)


class MirroredNamespace(models.Model):
    """A copy of a namespace for lists; the namespace store holds the original.

    Counts are null while unknown. `search_text` has what a search looks through,
    without case; `unreadable` a line for each value that cannot be read. `cluster_url`
    is the address of a dedicated cluster, unchecked, and `collection` the name of the
    collection there.

    The database computes four columns for the lists: `listed_for` is `own` of the
    tenant, SYSTEM, or for a tombstone `deleted` of the tenant.
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
    listed_for = models.GeneratedField(
        expression=LISTED_FOR,
        output_field=models.CharField(max_length=80),
        db_persist=True,
    )
    stored_status = models.GeneratedField(
        expression=STORED_STATUS,
        output_field=models.CharField(max_length=16),
        db_persist=True,
    )
    has_differences = models.GeneratedField(
        expression=HAS_DIFFERENCES,
        output_field=models.BooleanField(),
        db_persist=True,
    )
    is_unreadable = models.GeneratedField(
        expression=IS_UNREADABLE,
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["internal_id", "name_key"], name="mirror_by_name"),
            models.Index(fields=["name_key"], name="mirror_name"),
            *LIST_INDEXES,
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


class MirrorFill(models.Model):
    """The single row with the time of the last full comparison of the mirror.

    `documents` is the number of namespaces in the store at that time. Without the row
    the mirror was never filled, and an empty list means nothing.
    """

    filled_at = models.DateTimeField()
    documents = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.documents} at {self.filled_at:%H:%M:%S}"


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
