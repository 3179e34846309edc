"""The ids of a namespace's resources, and the documents made from its records."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from nsadmin.embedded.seed.data.ids import stable_id, stable_uuid
from nsadmin.embedded.seed.data.records import Record
from nsadmin.embedded.seed.specs import NamespaceSpec

FIRST_DAY: Final = datetime(2026, 1, 12, 8, tzinfo=UTC)
"""When the demo's history begins; fixed, so that every run makes the same data."""

_DERIVED_NUMBERS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Layout:
    """The ids of a namespace's resources, by their role."""

    slug: str
    namespace_id: str
    internal_id: str

    @property
    def bucket_id(self) -> str:
        """The bucket of the imported records."""
        return stable_id("bkt", self.slug, "intake")

    @property
    def archive_id(self) -> str:
        """A second bucket, for replaced records."""
        return stable_id("bkt", self.slug, "archive")

    @property
    def base_id(self) -> str:
        """The collection that reads the bucket."""
        return stable_id("col", self.slug, "base", length=10)

    @property
    def highlights_id(self) -> str:
        """The collection that reads the base collection."""
        return stable_id("col", self.slug, "highlights", length=10)

    @property
    def borrowed_id(self) -> str:
        """The collection that reads a bucket of another namespace."""
        return stable_id("col", self.slug, "borrowed", length=10)

    @property
    def search_id(self) -> str:
        """The retriever that people use."""
        return stable_id("ret", self.slug, "search")

    @property
    def classify_id(self) -> str:
        """The retriever that the taxonomies use."""
        return stable_id("ret", self.slug, "classify")

    @property
    def flat_id(self) -> str:
        """The flat taxonomy."""
        return stable_id("tax", self.slug, "flat")

    @property
    def tree_id(self) -> str:
        """The hierarchical taxonomy."""
        return stable_id("tax", self.slug, "tree")

    def object_id(self, source: str) -> str:
        """The object that contained the records of this source."""
        return stable_id("obj", self.slug, source)

    def document_id(self, key: str, *, derived: bool = False) -> str:
        """The document of a record in the base collection or in the derived one."""
        return stable_id("doc", self.slug, key, *(["highlight"] if derived else []))


def layout_of(spec: NamespaceSpec) -> Layout:
    """The layout of a namespace."""
    return Layout(spec.slug, spec.namespace_id, spec.organization.internal_id)


@dataclass(frozen=True, slots=True)
class Document:
    """A record in one of the namespace's collections; one point in Qdrant."""

    record: Record
    position: int
    derived: bool = False

    @property
    def created_at(self) -> datetime:
        """61 seconds after the previous document."""
        return FIRST_DAY + timedelta(seconds=61 * self.position)


@cache
def documents(spec: NamespaceSpec) -> tuple[Document, ...]:
    """All records, then every `highlight_every`th record again as a highlight."""
    return tuple(_documents(spec))


def _documents(spec: NamespaceSpec) -> Iterator[Document]:
    records = spec.chosen()
    for position, record in enumerate(records):
        yield Document(record, position)
    if spec.highlight_every:
        for position, record in enumerate(records[:: spec.highlight_every]):
            yield Document(record, len(records) + position, derived=True)


def point_id(spec: NamespaceSpec, layout: Layout, document: Document) -> int | str:
    """A UUID derived from the document id, or the record's number in its source."""
    if spec.numbered and document.record.number is not None:
        return document.record.number + (_DERIVED_NUMBERS if document.derived else 0)
    key = document.record.key
    return stable_uuid(layout.document_id(key, derived=document.derived))
