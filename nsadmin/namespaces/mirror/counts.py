"""The counts of resources in the rows; they are taken where something changed."""

from collections.abc import Iterable, Iterator, Mapping

from django.db import transaction

from nsadmin.namespaces.mirror import mirror, writing
from nsadmin.namespaces.mirror.copies import BATCH
from nsadmin.namespaces.mirror.copies import resource_counts as of
from nsadmin.namespaces.models import MirroredNamespace


def take_missing() -> int:
    """Count the resources of rows without counts, as of a namespace that was just made.

    Returns the number of rows.
    """
    rows = MirroredNamespace.objects.filter(object_count=None)
    return update(rows.values_list("pk", flat=True))


def steps() -> Iterator[str]:
    """Count the resources of every row, some hundred at once; yield the last key."""
    rows = MirroredNamespace.objects.order_by("pk").values_list("pk", flat=True)
    after = ""
    while keys := list(rows.filter(pk__gt=after)[:BATCH]):
        update(keys)
        after = keys[-1]
        yield after


def update(keys: Iterable[str]) -> int:
    """Count the resources of these namespaces; return the number of rows changed."""
    return sum(write(of(part)) for part in writing.parts(list(keys)))


def write(counts: Mapping[str, Mapping[str, int]]) -> int:
    """Write counts of resources where rows have others; return how many had."""
    rows = MirroredNamespace.objects.filter(pk__in=list(counts))
    wrong = [
        row["pk"]
        for row in rows.values("pk", *mirror.COUNTED)
        if any(row[name] != count for name, count in counts[row["pk"]].items())
    ]
    if wrong:
        with transaction.atomic():
            for key in wrong:
                MirroredNamespace.objects.filter(pk=key).update(**counts[key])
    return len(wrong)
