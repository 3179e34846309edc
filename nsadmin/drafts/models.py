"""The table of sent input that is kept until it becomes a plan, or for some days."""

from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.db import models
from django.utils import timezone

from nsadmin.access.models import token

KEPT_FOR: Final = timedelta(days=7)


def new_draft_id() -> str:
    """Return a public id such as `draft_k3f9…`."""
    return token("draft_", 16)


def new_end() -> datetime:
    """Return until when input that is sent now is kept."""
    return timezone.now() + KEPT_FOR


class Draft(models.Model):
    """The input of a form as a person sent it: {field: its values}.

    `page` is the name of the form's page, `subject` the id of what the page is about,
    if that is one thing. Only the person who sent it sees it.
    """

    draft_id = models.CharField(max_length=32, primary_key=True, default=new_draft_id)
    person = models.CharField(max_length=64)
    organization_id = models.CharField(max_length=64)
    page = models.CharField(max_length=32)
    subject = models.CharField(max_length=128, blank=True)
    form = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=new_end)

    class Meta:
        ordering: ClassVar = ["-made_at"]
        indexes: ClassVar = [
            models.Index(fields=["person", "-made_at"], name="draft_of_person"),
            models.Index(fields=["expires_at"], name="draft_due"),
        ]

    def __str__(self) -> str:
        return self.draft_id
