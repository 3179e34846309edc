"""Points as they are sent to Qdrant: id, named vectors, payload."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from nsadmin.embedded.seed.layout import Document, documents, layout_of, point_id
from nsadmin.embedded.seed.payloads import payload
from nsadmin.embedded.seed.specs import NamespaceSpec
from nsadmin.embedded.seed.vectors import Content, Matrix, embed
from nsadmin.namespaces.schema.extractor_registry import VectorIndex
from nsadmin.namespaces.schema.extractors import REGISTRY

Point = dict[str, Any]

# A vector of length one with five decimals: half the bytes to send, same neighbors.
_DECIMALS: Final = 5


def declared_vectors(spec: NamespaceSpec) -> dict[str, VectorIndex]:
    """The named vectors that the namespace's extractors bring."""
    return {
        vector.name: vector
        for extractor in spec.extractors
        for vector in REGISTRY[extractor].vectors_for({})
    }


def present_vectors(spec: NamespaceSpec) -> dict[str, VectorIndex]:
    """Those of them that the Qdrant collection really has."""
    return {
        name: vector
        for name, vector in declared_vectors(spec).items()
        if name not in spec.lacks_vectors
    }


def batches(spec: NamespaceSpec, size: int) -> Iterator[list[Point]]:
    """All points of a namespace, `size` at a time."""
    listed = documents(spec)
    matrices = {
        name: _embedded(vector, listed)
        for name, vector in present_vectors(spec).items()
    }
    for at in range(0, len(listed), size):
        part = {
            name: np.round(matrix[at : at + size].astype(np.float64), _DECIMALS)
            for name, matrix in matrices.items()
        }
        rows = {name: matrix.tolist() for name, matrix in part.items()}
        yield [
            _point(spec, document, {name: row[line] for name, row in rows.items()})
            for line, document in enumerate(listed[at : at + size])
        ]


def _embedded(vector: VectorIndex, listed: Sequence[Document]) -> Matrix:
    # A transcript contains spoken words only, nothing of the picture.
    hears_only = "transcription" in vector.name
    contents = [
        Content(d.record.text, () if hears_only else d.record.traits) for d in listed
    ]
    model = vector.inference or vector.name
    return embed(contents, model=model, dimension=vector.size)


def _point(
    spec: NamespaceSpec, document: Document, rows: dict[str, list[float]]
) -> Point:
    missing = {*spec.lacks_vectors, *_gaps(spec, document)}
    layout = layout_of(spec)
    return {
        "id": point_id(spec, layout, document),
        "vector": {name: row for name, row in rows.items() if name not in missing},
        "payload": payload(spec, layout, document, sorted(missing)),
    }


def _gaps(spec: NamespaceSpec, document: Document) -> Iterator[str]:
    for name, every in spec.gaps:
        if document.position % every == 1:
            yield name
