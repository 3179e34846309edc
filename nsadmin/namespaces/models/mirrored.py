"""The mirror: a row and a document for each namespace of the store."""

from collections.abc import Collection
from typing import ClassVar

from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone

from nsadmin.namespaces.models.json_text import JSONTextField
from nsadmin.namespaces.models.keys import StoreOrder
from nsadmin.namespaces.models.lists import (
    HAS_DIFFERENCES,
    IS_UNREADABLE,
    LIST_INDEXES,
    LISTED_FOR,
    STORED_STATUS,
)

# Conditions of indexes that most rows have no part in. A query repeats the condition:
# SQLite does not conclude it.
NOT_SHARED = ~Q(tier="shared")
HAS_SOURCE = Q(source_namespace_id__gt="")


def clones_of(keys: Collection[str]) -> QuerySet["MirroredNamespace"]:
    """Return the rows of the clones of these namespaces."""
    rows = MirroredNamespace.objects.filter(HAS_SOURCE)
    return rows.filter(source_namespace_id__in=keys)


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

    `digest` is that of the document that the row was written from, null if unknown
    (`mirror/digests.py`).

    Only the sampler writes the four after it: `looked_at` is the last answer of Qdrant
    about this collection alone, `next_look_at` when it is asked next, `counted` the
    points that its cluster's counts gave when they last differed, and `changed_at`
    when it was last known to be unchanged, set while the counts say that it changed and
    no look has followed.
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
    digest = models.BinaryField(max_length=16, null=True)
    looked_at = models.DateTimeField(null=True)
    next_look_at = models.DateTimeField(default=timezone.now)
    counted = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField(null=True)
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
                condition=NOT_SHARED,
            ),
            models.Index(
                fields=["tier", "cluster_url"],
                name="look_silent",
                condition=models.Q(health_since__isnull=False),
            ),
            models.Index(fields=["internal_id", "name_key"], name="mirror_by_name"),
            models.Index(fields=["name_key"], name="mirror_name"),
            models.Index(
                fields=["source_namespace_id"],
                name="mirror_by_source",
                condition=HAS_SOURCE,
            ),
            # All that a comparison with the store reads, so the rows are not.
            models.Index(
                StoreOrder("namespace_id"),
                "revision",
                "updated_at",
                name="mirror_by_key",
            ),
            *LIST_INDEXES,
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
    content = JSONTextField(default=dict)

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
