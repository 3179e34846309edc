"""A slow comparison of whole documents, for writers that move no field we look at.

A writer may change a document and neither its `revision` nor its `updated_at`. Each run
compares one share of all documents with their rows, and counts their resources. A
document whose digest the row has is right already (`digests.py`).
"""

from typing import Any

from django.utils import timezone

from nsadmin.namespaces.mirror import copies as making
from nsadmin.namespaces.mirror import counts, digests, state, writing
from nsadmin.namespaces.mirror.copies import BATCH
from nsadmin.namespaces.mirror.rows import namespaces
from nsadmin.namespaces.models import MirrorFill, MirrorState
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo import namespaces as store

# Runs after which every document was compared.
SHARES = 60


def compare_share() -> int:
    """Compare the next share; return the number of rows that were written."""
    after = state.load().rolling_after
    total = MirrorFill.objects.values_list("documents", flat=True).first() or 0
    left, written = total // SHARES + 1, 0
    while left > 0:
        limit, at = min(left, BATCH), timezone.now()
        ids: list[Any] = []
        for part in store.documents_after(after, limit=limit):
            copies = making.copies_of_stored(digests.unknown(part.stored))
            same = making.unchanged(copies)
            known = {copy.key for copy, _ in same}
            differing = [copy for copy in copies if copy.key not in known]
            written += writing.write(making.Read(at, differing))
            namespaces.keep_digests(same)
            found = [stored.id for stored in part.stored]
            written += counts.update(map(document.key_of, found))
            ids += found
        left -= limit
        after = _storable_place(ids[-1]) if len(ids) == limit else ""
        if not after:
            break
    MirrorState.objects.filter(pk=state.PK).update(rolling_after=after)
    return written


def _storable_place(key: object) -> str:
    """Return an id as a column holds it; "" begins anew, as an odd one would."""
    text = str(key)
    return text.split("\0", maxsplit=1)[0].encode(errors="ignore").decode()
