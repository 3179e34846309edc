"""What the schedule compares the entries with: resources, jobs, people.

Each source is read in slices, in the order of its keys, and says which keys it still
has. Values of other programs are texts or nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db.models import Q

from nsadmin.access.models import Membership
from nsadmin.errors import Invalid
from nsadmin.jobs.models import LIVE, Job
from nsadmin.names import clip, folded, search_text
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.decoding import UNDECODED
from nsadmin.trigrams.models import EVERYBODY, Kind

_READ_S = 5.0
# Of two workers one may have a clock that is behind.
_OVERLAP = timedelta(minutes=5)
MAX_KEY, _MAX_NAME, _MAX_DESCRIPTION = 255, 300, 1000


@dataclass(frozen=True, slots=True)
class Values:
    """The columns of an entry; `internal_id` is its tenant, or EVERYBODY."""

    key: str
    internal_id: str
    name: str
    text: str
    namespace_id: str = ""
    resource_id: str = ""
    description: str = ""

    @property
    def name_key(self) -> str:
        """The name as names are compared with the beginning of a search."""
        return " ".join(folded(self.name).split())[: 2 * _MAX_NAME]


class Source(Protocol):
    """Where the entries of one kind come from."""

    kind: Kind

    def read(self, after: str, since: datetime | None, limit: int) -> list[Any]:
        """Return the next items after a key; `since` leaves out what cannot differ."""

    def key(self, item: Any) -> str:
        """Return the key of an item."""

    def values(self, items: Iterable[Any]) -> "Reader":
        """Return what makes entries of these items."""

    def existing(self, keys: Sequence[str]) -> set[str]:
        """Return those keys that the source still has."""


class Reader(Protocol):
    """Makes entries of the items of one slice."""

    def __call__(self, item: Any, /) -> Values | None:
        """Return the entry of an item; None for one that cannot be found.

        Raises Invalid if it cannot be read.
        """


class Resources:
    """Collections or retrievers of the namespace store."""

    def __init__(self, kind: Kind, stored: resources.Kind) -> None:
        self.kind, self._stored = kind, stored
        self._noun = resources.ID_FIELD[stored].removesuffix("_id")

    def read(self, after: str, since: datetime | None, limit: int) -> list[Any]:  # noqa: ARG002
        """Return the next documents, without what is not searched."""
        return resources.summaries(
            self._stored, after=after, limit=limit, within_s=_READ_S
        )

    def key(self, item: Any) -> str:
        """Return the document's `_id`."""
        return str(item["_id"])

    def values(self, items: Iterable[Any]) -> Reader:
        """Look up the namespaces of these documents, whose owners are theirs."""
        ids = {i for item in items if isinstance(i := item.get("namespace_id"), str)}
        rows = MirroredNamespace.objects.filter(deleted_at=None, namespace_id__in=ids)
        found = rows.values_list("namespace_id", "internal_id", "scope")
        owners = {
            namespace_id: EVERYBODY if scope == "system" else internal_id
            for namespace_id, internal_id, scope in found
        }
        return lambda item: self._values(item, owners)

    def _values(self, item: Any, owners: dict[str, str]) -> Values | None:
        if UNDECODED in item:
            raise Invalid.at(self._noun, "The document cannot be decoded.")
        namespace_id = item.get("namespace_id")
        if not isinstance(namespace_id, str) or namespace_id not in owners:
            return None
        key = self.key(item)
        if clip(key, MAX_KEY) != key:
            raise Invalid.at(self._noun, f"Its id is no id of a {self._noun}.")
        name = _text(item.get(f"{self._noun}_name"), _MAX_NAME)
        known_as = _text(item.get(resources.ID_FIELD[self._stored]), MAX_KEY) or key
        description = _text(item.get("description"), _MAX_DESCRIPTION)
        return Values(
            key=key,
            internal_id=owners[namespace_id],
            name=name,
            text=search_text(name, known_as, description),
            namespace_id=namespace_id,
            resource_id=known_as,
            description=description,
        )

    def existing(self, keys: Sequence[str]) -> set[str]:
        """Ask the store which of the documents it still has."""
        return resources.existing(self._stored, keys, within_s=_READ_S)


class Jobs:
    """Jobs; one that has ended does not change any more."""

    kind = Kind.JOB

    def read(self, after: str, since: datetime | None, limit: int) -> list[Any]:
        """Return the next jobs that are live, or began or ended lately."""
        rows = Job.objects.order_by("job_id")
        if after:
            rows = rows.filter(job_id__gt=after)
        if since is not None:
            at = since - _OVERLAP
            new = Q(created_at__gt=at) | Q(ended_at__gt=at) | Q(resumed_at__gt=at)
            rows = rows.filter(new | Q(state__in=LIVE))
        named = ("internal_id", "namespace_id", "namespace_name")
        return list(rows.only("job_id", "kind", "title", "error", *named)[:limit])

    def key(self, item: Any) -> str:
        """Return the job's id."""
        return str(item.job_id)

    def values(self, items: Iterable[Any]) -> Reader:  # noqa: ARG002
        """Nothing beside the jobs is needed."""
        return self._values

    def _values(self, job: Job) -> Values:
        named = (job.namespace_name, job.namespace_id, job.kind)
        return Values(
            key=self.key(job),
            internal_id=job.internal_id,
            name=job.title,
            text=search_text(job.title, self.key(job), *named, job.error),
            namespace_id=job.namespace_id,
        )

    def existing(self, keys: Sequence[str]) -> set[str]:
        """Look which of the jobs are there."""
        found = Job.objects.filter(job_id__in=keys).values_list("job_id", flat=True)
        return {str(job_id) for job_id in found}


class People:
    """The members of organizations, each as often as they are a member."""

    kind = Kind.PERSON

    def read(self, after: str, since: datetime | None, limit: int) -> list[Any]:  # noqa: ARG002
        """Return the next memberships with their people."""
        rows = Membership.objects.select_related("user", "organization").order_by("pk")
        return list(rows.filter(pk__gt=int(after or 0))[:limit])

    def key(self, item: Any) -> str:
        """Return the number of the membership."""
        return str(item.pk)

    def values(self, items: Iterable[Any]) -> Reader:  # noqa: ARG002
        """Nothing beside the memberships is needed."""
        return self._values

    def _values(self, member: Membership) -> Values:
        return Values(
            key=self.key(member),
            internal_id=member.organization.internal_id,
            name=str(member.user),
            text=search_text(member.user.name, member.user.email),
        )

    def existing(self, keys: Sequence[str]) -> set[str]:
        """Look which of the memberships are there."""
        rows = Membership.objects.filter(pk__in=keys)
        return {str(pk) for pk in rows.values_list("pk", flat=True)}


SOURCES: tuple[Source, ...] = (
    Jobs(),
    People(),
    Resources(Kind.COLLECTION, "collections"),
    Resources(Kind.RETRIEVER, "retrievers"),
)


def _text(value: object, longest: int) -> str:
    return clip(value, longest) if isinstance(value, str) else ""
