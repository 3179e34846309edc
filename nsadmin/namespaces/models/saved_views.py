"""Lists of namespaces that people keep by name."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from nsadmin.access.models import token

VIEW_NAME_MAX = 60
ADDRESS_MAX = 2000


def new_view_id() -> str:
    """Return a new id such as `view_k3f9…`."""
    return token("view_")


class SavedView(models.Model):
    """A list that a person keeps for an organization: filters, order, columns.

    `person` is the id of the account, `address` the query of the list's address. The
    list opens with the one that `is_default`.
    """

    view_id = models.CharField(max_length=64, primary_key=True, default=new_view_id)
    person = models.CharField(max_length=64)
    organization_id = models.CharField(max_length=64)
    name = models.CharField(max_length=VIEW_NAME_MAX)
    name_key = models.CharField(max_length=3 * VIEW_NAME_MAX)
    address = models.CharField(max_length=ADDRESS_MAX, blank=True)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["name_key", "view_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "organization_id", "name_key"],
                name="saved_view_name",
            ),
            models.UniqueConstraint(
                fields=["person", "organization_id"],
                condition=models.Q(is_default=True),
                name="saved_view_default",
            ),
        ]

    def __str__(self) -> str:
        return self.name
