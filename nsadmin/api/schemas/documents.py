"""Documents: their payload with its published keys at the root, and what is beside."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from nsadmin.api.schemas.document_filters import DocumentFilters
from nsadmin.api.schemas.lists import Pagination
from nsadmin.documents.document import Whole
from nsadmin.documents.listing import MAX_LIMIT, FoundDocument

Json = dict[str, Any]
# The key beside a document's own, which no payload of the platform has.
OURS = "nsadmin"


class DocumentSort(BaseModel):
    """The order by a field with an integer, float or datetime index."""

    model_config = ConfigDict(extra="forbid", strict=True)

    field: Annotated[str, Field(min_length=1, max_length=255)]
    direction: Literal["asc", "desc"] = "asc"


class ListDocumentsRequest(BaseModel):
    """Which documents, in which order, with which fields; everything optional."""

    model_config = ConfigDict(extra="forbid", strict=True)

    filters: DocumentFilters | None = None
    sort: DocumentSort | None = Field(
        None,
        description=(
            "Without it, in the order of ids. With it, documents without a value in "
            "the field are left out."
        ),
    )
    select: (
        Annotated[
            list[Annotated[str, Field(min_length=1, max_length=255)]],
            Field(min_length=1, max_length=50),
        ]
        | None
    ) = Field(None, description="The payload fields to return; all without it.")


class DocumentsQuery(BaseModel):
    """Which page of documents; there are no page numbers."""

    model_config = ConfigDict(extra="forbid")

    organization_id: str | None = Field(
        None,
        max_length=64,
        description="For staff: the organization whose namespace has the name.",
    )
    limit: int | None = Field(
        None, ge=1, le=MAX_LIMIT, description="25 by default; large documents: fewer."
    )
    page_size: int | None = Field(
        None, ge=1, le=MAX_LIMIT, description="Alias of `limit`."
    )
    include_total: bool = Field(
        default=False, description="Count what the filter finds."
    )
    cursor: str | None = Field(
        None,
        max_length=300,
        description="From `next_cursor` of the page before, with the same body.",
    )


class VectorModel(BaseModel):
    """A vector of a document, without its numbers."""

    name: str
    kind: Literal["dense", "sparse", "multi", "unread"]
    size: int
    rows: int
    entries: int
    norm: float | None


class PointModel(BaseModel):
    """The point that stores a document.

    `is_complete` is false where the payload is too large or too deep to be returned.
    """

    point_id: int | str
    is_complete: bool
    vectors: list[VectorModel] | list[str] | None


class DocumentModel(BaseModel):
    """A document: its payload's own keys at the root, the system's under `_internal`.

    The key `nsadmin` has what is not in the payload.
    """

    model_config = ConfigDict(extra="allow")

    document_id: str | None
    collection_id: str | None
    nsadmin: PointModel


class ListDocumentsResponse(BaseModel):
    """A page of documents; the total is null if it is not asked for or not known."""

    results: list[DocumentModel]
    pagination: Pagination
    total_count: int | None
    total_is_exact: bool

    @classmethod
    def of(cls, results: list[Json], **rest: Any) -> Self:
        """Return the page; documents are dicts, as payloads have keys of any name."""
        return cls.model_construct(results=results, **rest)


def found_document(found: FoundDocument) -> Json:
    """Return a document of a list."""
    return _with_point(
        found.payload or {},
        PointModel.model_construct(
            point_id=found.point_id,
            is_complete=found.payload is not None,
            vectors=list(found.vectors) if found.vectors is not None else None,
        ),
    )


def whole_document(document: Whole) -> Json:
    """Return one document with its vectors."""
    vectors = [
        VectorModel.model_construct(
            name=one.name,
            kind=one.kind,
            size=one.size,
            rows=one.rows,
            entries=one.entries,
            norm=one.norm,
        )
        for one in document.vectors
    ]
    point = PointModel.model_construct(
        point_id=document.point_id,
        is_complete=document.payload is not None,
        vectors=vectors,
    )
    return _with_point(document.payload or {}, point)


def _with_point(payload: Json, point: PointModel) -> Json:
    inner = payload.get("_internal")
    system = inner if isinstance(inner, dict) else {}
    ids = {
        key: _text(payload.get(key)) or _text(system.get(key))
        for key in ("document_id", "collection_id")
    }
    return {**payload, **ids, OURS: point}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
