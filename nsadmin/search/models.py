"""How far the schedule has come; what can be found is declared in `trigrams`."""

from django.db import models

from nsadmin.trigrams.models import EVERYBODY, Kind, SearchEntry, SearchOwner

__all__ = ["EVERYBODY", "Kind", "SearchEntry", "SearchOwner", "SearchPass"]


class SearchPass(models.Model):
    """How far the schedule has come in comparing the entries of one kind.

    It reads the source after `position`, then its own rows after `swept`, in slices.
    `began_at` is when this pass began, `complete_at` when the last complete one did: so
    old is what can be found.
    """

    kind = models.SmallIntegerField(choices=Kind, primary_key=True)
    position = models.CharField(max_length=255, blank=True)
    is_read = models.BooleanField(default=False)
    swept = models.BigIntegerField(default=0)
    began_at = models.DateTimeField()
    complete_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} after {self.position}"
