"""The kinds of resources: their words, and the fields that name them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeGuard

Kind = Literal["buckets", "objects", "collections", "retrievers", "taxonomies"]

KINDS: Final[tuple[Kind, ...]] = (
    "buckets",
    "objects",
    "collections",
    "retrievers",
    "taxonomies",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindWords:
    """How a kind is called, and where its documents have id and name.

    `count` says what the number of a resource counts, `meaning` what such a resource
    is, and `next_step` how the first one comes to be.
    """

    one: str
    many: str
    id_field: str
    name_field: str
    count: str
    meaning: str
    next_step: str


WORDS: Final[Mapping[Kind, KindWords]] = {
    "buckets": KindWords(
        one="bucket",
        many="buckets",
        id_field="bucket_id",
        name_field="bucket_name",
        count="Objects",
        meaning="A bucket takes in files and records as objects.",
        next_step="Create one with the API of your pipeline, then upload to it.",
    ),
    "objects": KindWords(
        one="object",
        many="objects",
        id_field="object_id",
        name_field="",
        count="Files",
        meaning="An object is one upload to a bucket: its files and its fields.",
        next_step="Upload to a bucket of this namespace.",
    ),
    "collections": KindWords(
        one="collection",
        many="collections",
        id_field="collection_id",
        name_field="collection_name",
        count="Documents",
        meaning="A collection turns the objects of buckets, or the documents of other "
        "collections, into documents with vectors.",
        next_step="Create one over a bucket of this namespace.",
    ),
    "retrievers": KindWords(
        one="retriever",
        many="retrievers",
        id_field="retriever_id",
        name_field="retriever_name",
        count="Stages",
        meaning="A retriever is a stored search over collections, stage by stage.",
        next_step="Create one over a collection of this namespace.",
    ),
    "taxonomies": KindWords(
        one="taxonomy",
        many="taxonomies",
        id_field="taxonomy_id",
        name_field="taxonomy_name",
        count="Nodes",
        meaning="A taxonomy sorts documents under the documents of a collection, which "
        "it finds with a retriever.",
        next_step="Create one over a retriever of this namespace.",
    ),
}


def is_kind(word: str) -> TypeGuard[Kind]:
    """Tell whether a word of an address is a kind."""
    return word in KINDS
