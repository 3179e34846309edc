"""The table of namespace templates."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from nsadmin.access.models import token

# Longest value of `creator`; longer ones are cut.
CREATOR_MAX = 80


def new_template_id() -> str:
    """Return a new id such as `tmpl_k3f9…`."""
    return token("tmpl_")


class Scope(models.TextChoices):
    """The visibility of a template: all organizations, one of them, or its creator."""

    SYSTEM = "system", "System"
    ORGANIZATION = "organization", "Organization"
    USER = "user", "User"


class NamespaceTemplate(models.Model):
    """A namespace template; `creator` is "kind:id" of the actor who created it."""

    template_id = models.CharField(
        max_length=64, primary_key=True, default=new_template_id
    )
    scope = models.CharField(max_length=16, choices=Scope, default=Scope.ORGANIZATION)
    organization_id = models.CharField(max_length=64, db_index=True)
    creator = models.CharField(max_length=CREATOR_MAX)
    creator_label = models.CharField(max_length=254)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=1000)
    category = models.CharField(max_length=50, blank=True)
    tags = models.JSONField(default=list)
    configuration = models.JSONField(default=dict)
    is_active = models.BooleanField(default=True)
    source_namespace_id = models.CharField(max_length=128)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["name", "template_id"]

    def __str__(self) -> str:
        return self.name
