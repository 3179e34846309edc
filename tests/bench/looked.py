"""A fleet hours after its first looks: `python -m tests.bench.looked NAMESPACES`.

It waits until a comparison has met all the namespaces. A fleet has few collections, so
a look finds nearly all of them missing. The sampler needs some minutes for that; here
its rows and the differences are written at once, and the next looks are spread over the
hours as they are when it has gone on for long.
"""

import os
import random
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from statistics import mean

import django
from django.utils import timezone

# Looks of one batch of the sampler are due at one time.
AT_ONCE = 100
MIRRORED_WITHIN_S = 1200


def main() -> None:
    """Write the looks of all namespaces of the shared cluster."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nsadmin.settings")
    django.setup()
    wait_until_mirrored(int(sys.argv[1]))
    from nsadmin.namespaces.mirror.writing import parts
    from nsadmin.namespaces.placement.members import SHARED_MEMBERS
    from nsadmin.namespaces.read.look_writes import MISSING_H

    rows = SHARED_MEMBERS.rows()
    never = rows.filter(looked_at=None).values_list("pk", flat=True)
    for keys in parts(list(never)):
        write_looks(keys)
    longest = mean(MISSING_H)
    known = list(rows.values_list("pk", flat=True))
    for start in range(0, len(known), AT_ONCE):
        due_at = timezone.now() + timedelta(hours=random.uniform(0, longest))
        some = rows.filter(pk__in=known[start : start + AT_ONCE])
        some.update(next_look_at=due_at)


def wait_until_mirrored(namespaces: int) -> None:
    """Wait until a comparison of the running demo has met all documents."""
    from nsadmin.namespaces.models import MirrorFill

    give_up = time.monotonic() + MIRRORED_WITHIN_S
    while not MirrorFill.objects.filter(documents__gte=namespaces).exists():
        if time.monotonic() > give_up:
            raise SystemExit("The demo does not fill its mirror.")
        time.sleep(2)


def write_looks(keys: Sequence[str]) -> None:
    """Write what a look at these collections leaves, each of which is missing."""
    from nsadmin.namespaces.models import LastLook, MirroredNamespace

    now = timezone.now()
    looks = (
        LastLook(pk=key, taken_at=now, ok=True, exists=False, live_at=now)
        for key in keys
    )
    LastLook.objects.bulk_create(looks, ignore_conflicts=True)
    MirroredNamespace.objects.filter(pk__in=keys).update(
        health="error", health_since=None, looked_at=now, changed_at=None
    )
    write_differences(keys)


def write_differences(keys: Sequence[str]) -> None:
    """Write what differs at these collections, as a look at each one would."""
    from nsadmin.health.drift import drift_scan
    from nsadmin.health.drift.drift import compare
    from nsadmin.health.models import DriftRow
    from nsadmin.namespaces.models import LastLook, MirroredNamespace
    from nsadmin.namespaces.read import snapshots
    from nsadmin.namespaces.schema import document
    from nsadmin.stores.mongo import namespaces as store

    now, counts = timezone.now(), dict[int, list[str]]()
    looks, rows = (
        LastLook.objects.in_bulk(keys),
        MirroredNamespace.objects.in_bulk(keys),
    )
    differences = list[DriftRow]()
    for raw in store.get_many(keys):
        namespace = document.read(raw)
        key = namespace.namespace_id
        found = compare(namespace, snapshots.from_row(looks[key]), rows[key])
        of_key = drift_scan.rows_of(key, found, now)
        counts.setdefault(len(of_key), []).append(key)
        differences += of_key
    DriftRow.objects.bulk_create(differences, ignore_conflicts=True, batch_size=500)
    for count, counted in counts.items():
        MirroredNamespace.objects.filter(pk__in=counted).update(differences=count)
    drift_scan.note_unchanged(keys, differing=())


if __name__ == "__main__":
    main()
