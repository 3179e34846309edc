"""What the lists of namespaces need: columns, indexes and counters of the mirror."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Concat

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


LISTED_FOR = Case(
    When(deleted_at__isnull=False, then=Concat(Value(_DELETED), F("internal_id"))),
    When(scope="system", then=Value(SYSTEM)),
    default=Concat(Value(_OWN), F("internal_id")),
)
STORED_STATUS = Case(
    When(~Q(deletion_task_id=""), then=Value("deleting")),
    When(clone_status__in=("cloning", "failed"), then=F("clone_status")),
    default=F("health"),
)
HAS_DIFFERENCES = Case(
    When(differences__gt=0, then=Value(value=True)), default=Value(value=False)
)
IS_UNREADABLE = Case(
    When(unreadable="", then=Value(value=False)), default=Value(value=True)
)
# The columns of which the database computes each of those above.
COMPUTED_FROM: Mapping[str, tuple[str, ...]] = {
    "listed_for": ("deleted_at", "scope", "internal_id"),
    "stored_status": ("deletion_task_id", "clone_status", "health"),
    "has_differences": ("differences",),
    "is_unreadable": ("unreadable",),
}
FIRST_ORDER = LIST_ORDERS["updated"]
# The order of tombstones, each of which has a value.
TOMBSTONE_ORDER = "deleted_at"
_AT_FIRST = (FIRST_ORDER, "namespace_id")
# The filters that a walk meets in the index: rows that do not fit are not read.
_FILTERED = ("stored_status", "tier")
# One for each order of a list, in both directions; equal rows by their ids.
LIST_INDEXES: list[models.Index] = [
    *(
        models.Index(
            fields=["listed_for", column, "namespace_id", *_FILTERED],
            name=f"list_{name}",
        )
        for name, column in LIST_ORDERS.items()
    ),
    # A filter alone in the order that lists have at first: no other row is met.
    models.Index(
        fields=["listed_for", "stored_status", *_AT_FIRST, "tier"], name="list_status"
    ),
    models.Index(
        fields=["listed_for", "tier", *_AT_FIRST, "stored_status"], name="list_tier"
    ),
    models.Index(
        fields=["listed_for", *_AT_FIRST, *_FILTERED],
        condition=Q(has_differences=True),
        name="list_differing",
    ),
    models.Index(
        fields=["listed_for", *_AT_FIRST, *_FILTERED],
        condition=Q(is_unreadable=True),
        name="list_unreadable",
    ),
    models.Index(
        fields=["listed_for", TOMBSTONE_ORDER, "namespace_id"],
        condition=Q(deleted_at__isnull=False),
        name="list_deleted",
    ),
]


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
