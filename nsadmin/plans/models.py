"""The table of plans that are kept until they are confirmed, and afterwards."""

from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.db import models
from django.utils import timezone

from nsadmin.access.models import token

# A plan can be confirmed for this long.
KEPT_FOR: Final = timedelta(days=7)


def new_plan_id() -> str:
    """Return a public id such as `plan_k3f9…`."""
    return token("plan_", 16)


def new_end() -> datetime:
    """Return until when a plan that is made now can be confirmed."""
    return timezone.now() + KEPT_FOR


class Source(models.TextChoices):
    """Where a plan was made."""

    FORM = "form", "Form"
    API = "api", "API"
    YAML = "yaml", "YAML"
    BULK = "bulk", "Several namespaces"


class SavedPlan(models.Model):
    """A plan with the change that was asked for.

    `request` is the change as data, without secrets; `sealed` holds the secret that it
    brings, if any, until the plan is confirmed or expires. `page` is the name of the
    page that made it and `form` the input as it was sent, so that the page can show it
    again. `revision` is that of the namespace from which the plan was made. `digest`
    and `shown` are of the plan as it was shown last: `shown` has its steps and
    warnings. `amount` counts the points that its index builds read. `made_by_person` is
    the user behind the maker: the maker, or the creator of the maker's key.
    `organization_id` is that of the namespace, or of the one that a clone or a creation
    makes. `guard` is the kind of change for which the organization required a second
    person when it was made.

    `op_id` is the operation that carries the plan out, written before it starts.
    `confirmed_at` is written when it was accepted.
    """

    plan_id = models.CharField(max_length=32, primary_key=True, default=new_plan_id)
    namespace_id = models.CharField(max_length=128)
    namespace_name = models.CharField(max_length=128, blank=True)
    organization_id = models.CharField(max_length=64)
    internal_id = models.CharField(max_length=64)
    source = models.CharField(max_length=8, choices=Source)
    page = models.CharField(max_length=32, blank=True)
    form = models.JSONField(null=True, blank=True)
    request = models.JSONField(default=dict)
    sealed = models.JSONField(null=True, blank=True)
    revision = models.IntegerField()
    digest = models.CharField(max_length=64)
    shown = models.JSONField(default=dict)
    amount = models.BigIntegerField(default=0)
    guard = models.CharField(max_length=8, blank=True)
    made_by_kind = models.CharField(max_length=8)
    made_by_id = models.CharField(max_length=64)
    made_by_label = models.CharField(max_length=254)
    made_by_person = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=new_end)
    op_id = models.CharField(max_length=64, blank=True)
    task_id = models.CharField(max_length=64, blank=True)
    confirmed_by_kind = models.CharField(max_length=8, blank=True)
    confirmed_by_id = models.CharField(max_length=64, blank=True)
    confirmed_by_label = models.CharField(max_length=254, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-made_at", "plan_id"]
        indexes: ClassVar = [
            models.Index(fields=["namespace_id", "-made_at"], name="plan_by_namespace"),
            models.Index(fields=["op_id"], name="plan_by_operation"),
            models.Index(fields=["confirmed_at", "expires_at"], name="plan_due"),
            models.Index(
                fields=["organization_id", "guard"],
                condition=models.Q(confirmed_at=None),
                name="plan_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} of {self.namespace_id}"

    @property
    def kind(self) -> str:
        """The kind of its request, such as `patch` or `clone`."""
        return str(self.request.get("kind", ""))

    @property
    def is_confirmed(self) -> bool:
        """Whether it was carried out."""
        return self.confirmed_at is not None

    @property
    def is_expired(self) -> bool:
        """Whether it can no longer be confirmed because of its age."""
        return not self.is_confirmed and self.expires_at <= timezone.now()

    @property
    def is_open(self) -> bool:
        """Whether it can still be confirmed."""
        return not self.is_confirmed and not self.is_expired
