"""What can be found, as rows with one index; all can be dropped and rebuilt.

Their tables are those of the app `search`, which migrates them.
"""

from typing import ClassVar

from django.db import models

APP = "search"


class Kind(models.IntegerChoices):
    """What an entry leads to; the number is also its letter in SQLite's index."""

    NAMESPACE = 1, "namespace"
    COLLECTION = 2, "collection"
    RETRIEVER = 3, "retriever"
    JOB = 4, "job"
    PERSON = 5, "person"


# The columns of the mirror that an entry of a namespace repeats in its `facets`.
FACETS = (
    *("listed_for", "tier", "stored_status", "has_differences", "is_unreadable"),
    "extractor_ids",
)
# The columns that are written where one of those changes, or `expires_at`.
FACETS_FROM = (
    *("internal_id", "scope", "deleted_at", "tier", "deletion_task_id"),
    *("clone_status", "health", "differences", "unreadable", "extractor_ids"),
    "expires_at",
)
# The owner of what everybody sees, which is no tenant's id.
EVERYBODY = "*"


class SearchOwner(models.Model):
    """A tenant as a small number, or EVERYBODY."""

    internal_id = models.CharField(max_length=255, unique=True)

    class Meta:
        app_label = APP

    def __str__(self) -> str:
        return self.internal_id


class SearchEntry(models.Model):
    """One thing that can be found.

    Database triggers keep the entries of namespaces in step with the mirror, and the
    trigram index with the entries; the other kinds are compared by a schedule. `key` is
    the id among things of its kind, `text` has what a search looks through.
    `description` and `resource_id` are those of a collection or retriever. `facets` and
    `expires_at` are those of a namespace, so that a search is counted without reading
    the mirror: a JSON array of the columns `FACETS`, the extractors as JSON text.
    """

    kind = models.SmallIntegerField(choices=Kind)
    key = models.CharField(max_length=255)
    owner = models.ForeignKey(
        SearchOwner, models.CASCADE, related_name="+", db_index=False
    )
    namespace_id = models.CharField(max_length=128, blank=True)
    resource_id = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=300, blank=True)
    name_key = models.CharField(max_length=600, blank=True)
    description = models.CharField(max_length=1000, blank=True)
    text = models.TextField()
    facets = models.TextField(blank=True, default="", db_default="")
    expires_at = models.DateTimeField(null=True)

    class Meta:
        app_label = APP
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "key"], name="search_once")
        ]
        indexes: ClassVar = [
            # The name first: an index that begins with the kind would be taken for a
            # lookup by kind and key while PostgreSQL has not counted the rows yet.
            models.Index(
                fields=["name_key", "kind"],
                opclasses=["varchar_pattern_ops", "int2_ops"],
                name="search_by_name",
            ),
            models.Index(
                fields=["owner", "kind", "name_key"],
                opclasses=["int8_ops", "int2_ops", "varchar_pattern_ops"],
                name="search_by_owner",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.key
