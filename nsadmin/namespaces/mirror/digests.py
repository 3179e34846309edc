"""Digests that recognize an unchanged document without reading it.

A row's digest is that of the bytes of the document that it was written from, or that it
was compared with whole, and of the code that read them: for other code, or another
release of what decodes, no row has the digest, and all are compared anew. It is written
in one statement with what it stands for, and whatever else writes the row clears it.
"""

import hashlib
import sys
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from django.utils import timezone

import nsadmin
from nsadmin.access.models import Organization
from nsadmin.jobs import items
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo.decoding import Stored

# The name of the mirror in the rows of failed items.
LOOP = "mirror"
_SIZE = 16
# One document of so many is read and compared whatever its digest, by the hour: each
# about once a day, in case that something else wrote to its row.
_HOURS = 24
# The rooms with all code that may have a part in reading a document.
_ROOMS = ("access", "errors.py", "names.py", "namespaces", "stores")


def _read_by() -> bytes:
    """Return the digest of the code that reads documents here."""
    digest = hashlib.blake2b()
    for release in (sys.version, *map(version, ("pymongo", "orjson", "django"))):
        digest.update(release.encode())
    top = Path(nsadmin.__file__).parent
    for room in _ROOMS:
        for source in sorted([top / room, *(top / room).rglob("*.py")]):
            if source.is_file():
                digest.update(source.read_bytes())
    return digest.digest()


# Taken at once, for the files may be others by the time a document is read.
READER = _read_by()


def of(data: bytes, *, read_by: bytes = READER) -> bytes:
    """Return the digest of the bytes of a document, as this code reads it."""
    return hashlib.blake2b(data, digest_size=_SIZE, key=read_by).digest()


def unknown(stored: Sequence[Stored], *, at: datetime | None = None) -> list[Stored]:
    """Return the documents of which it is not known that their rows are right.

    `at` is the present; its hour chooses some more.
    """
    hour = (at or timezone.now()).hour
    by_key = {document.key_of(each.id): each for each in stored}
    found = MirroredNamespace.objects.filter(
        pk__in=list(by_key), digest__isnull=False, document__isnull=False
    )
    rows = list(found.values_list("pk", "digest", "internal_id", "organization_id"))
    owner_of = owners(tenant for _, _, tenant, _ in rows)
    known = {
        key
        for key, digest, tenant, owner in rows
        if owner == owner_of.get(tenant, "")
        and zlib.crc32(key.encode()) % _HOURS != hour
        and digest == of(by_key[key].data)
    }
    failed = failing() if known else set()
    return [
        each
        for key, each in by_key.items()
        if key not in known or items.storable_key(str(each.id)) in failed
    ]


def owners(internal_ids: Iterable[object]) -> dict[str, str]:
    """Return the ids of the organizations of these tenants, as far as there are any."""
    named = {name for name in internal_ids if isinstance(name, str)}
    wanted = [name for name in named if "\0" not in name]
    rows = Organization.objects.filter(internal_id__in=wanted)
    return dict(rows.values_list("internal_id", "organization_id"))


def failing() -> set[str]:
    """Return the ids of the documents that could not be read or written."""
    rows = items.open_failures().filter(loop=LOOP, kind="namespace")
    return set(rows.values_list("item", flat=True))
