"""How far the mirror has followed the namespace store."""

from datetime import datetime

from nsadmin.namespaces.models import MirrorFill


def as_of() -> datetime | None:
    """Return the time up to which every row is known to be right; None if never."""
    return MirrorFill.objects.values_list("filled_at", flat=True).first()
