"""The tables of changes that are asked for several namespaces at once."""

from datetime import timedelta
from typing import ClassVar, Final

from django.db import models
from django.utils import timezone

from nsadmin.access.models import token
from nsadmin.plans.models import new_end

MESSAGE_MAX: Final = 1000
# The plans of a change are made within this time.
PLANNED_WITHIN: Final = timedelta(minutes=1)


def new_bulk_id() -> str:
    """Return a public id such as `bulk_k3f9…`."""
    return token("bulk_", 16)


class State(models.TextChoices):
    """The state of one namespace of a bulk change."""

    PLANNED = "planned", "Will change"
    UNCHANGED = "unchanged", "Nothing to change"
    BLOCKED = "blocked", "Not possible"
    LEFT_OUT = "left_out", "Left out"
    RUNNING = "running", "In progress"
    DONE = "done", "Done"
    ACCEPTED = "accepted", "Accepted, Qdrant catching up"
    STARTED = "started", "Job started"
    WAITING = "waiting", "Waits for a second person"
    FAILED = "failed", "Not done"


class BulkChange(models.Model):
    """A change that a person asked for several namespaces of an organization.

    `asked` is the change as data (`bulk.asked`). `draft_id` is the sent form that it
    was made of, and `sent_key` a hash of its input, so that a form that is sent twice
    makes one change. `planned_at` is written when every namespace has its plan,
    `confirmed_at` before the first namespace is changed. `made_by_person` and
    `confirmed_by_person` are the users behind these actors, of a key its creator.
    """

    bulk_id = models.CharField(max_length=32, primary_key=True, default=new_bulk_id)
    organization_id = models.CharField(max_length=64)
    internal_id = models.CharField(max_length=64)
    asked = models.JSONField(default=dict)
    draft_id = models.CharField(max_length=32, blank=True)
    sent_key = models.CharField(max_length=64, null=True, unique=True)
    made_by_label = models.CharField(max_length=254)
    made_by_person = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    planned_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(default=new_end)
    confirmed_by_label = models.CharField(max_length=254, blank=True)
    confirmed_by_person = models.CharField(max_length=64, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="bulk_due")]

    def __str__(self) -> str:
        return self.bulk_id

    @property
    def is_planned(self) -> bool:
        """Whether its plans are made; an interrupted request makes no more of them."""
        is_late = self.made_at <= timezone.now() - PLANNED_WITHIN
        return self.planned_at is not None or is_late

    @property
    def is_confirmed(self) -> bool:
        """Whether its namespaces are being changed, or were."""
        return self.confirmed_at is not None

    @property
    def is_expired(self) -> bool:
        """Whether it can no longer be confirmed because of its age."""
        return not self.is_confirmed and self.expires_at <= timezone.now()


class BulkItem(models.Model):
    """One namespace of a bulk change.

    `steps` and `warnings` are of its plan as it was reviewed: sentences, and pairs of a
    sentence and whether it needs a tick; with `needs_second` only a person other than
    its maker confirms it. `message` is why it is not done, `op_id` the operation in the
    audit.
    """

    change = models.ForeignKey(
        BulkChange, on_delete=models.CASCADE, related_name="items"
    )
    position = models.IntegerField()
    namespace_id = models.CharField(max_length=128)
    namespace_name = models.CharField(max_length=128, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.PLANNED)
    plan_id = models.CharField(max_length=32, blank=True)
    needs_second = models.BooleanField(default=False)
    steps = models.JSONField(default=list)
    warnings = models.JSONField(default=list)
    message = models.CharField(max_length=MESSAGE_MAX, blank=True)
    op_id = models.CharField(max_length=64, blank=True)
    task_id = models.CharField(max_length=64, blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["change", "namespace_id"], name="bulk_item_namespace"
            )
        ]

    def __str__(self) -> str:
        return f"{self.namespace_id} in {self.change_id}"
