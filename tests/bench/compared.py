"""The memory of a comparison: `python -m tests.bench.compared` prints it in MiB.

The process compares once, and prints by how much its peak is above what it held before:
Django, our modules and a connection to each store. The peak is that of the kernel
(VmHWM), which includes what libraries allocate and begins with the program;
`ru_maxrss` would begin with the peak of the process that started this one. A file of
SQLite is not mapped here: its mapped pages would count, but are the system's cache.
"""

import os
from pathlib import Path

import django


def kib(name: str) -> int:
    """A figure of this process in KiB, such as VmRSS: what it holds in memory now."""
    status = Path("/proc/self/status").read_text()
    line = next(row for row in status.splitlines() if row.startswith(f"{name}:"))
    return int(line.split()[1])


def main() -> None:
    """Compare and print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nsadmin.settings")
    django.setup()
    from django.db import connection

    from nsadmin.namespaces.mirror import comparison
    from nsadmin.namespaces.models import MirroredNamespace
    from nsadmin.stores.mongo import namespaces as store

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA mmap_size=0")
    assert MirroredNamespace.objects.exists()
    assert next(store.documents_after("", limit=1)).stored
    before = kib("VmRSS")
    assert comparison.reconcile() == 0
    print((kib("VmHWM") - before) / 2**10)


if __name__ == "__main__":
    main()
