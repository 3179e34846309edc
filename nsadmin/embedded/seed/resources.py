"""Everything that a namespace holds in the namespace store, by kind."""

from typing import TYPE_CHECKING

from nsadmin.embedded.seed.layout import documents, layout_of
from nsadmin.embedded.seed.pipelines import collections
from nsadmin.embedded.seed.retrieval import retrievers, taxonomies
from nsadmin.embedded.seed.sources import Stored, buckets, objects
from nsadmin.embedded.seed.specs import NamespaceSpec

if TYPE_CHECKING:  # the store's word, without the store
    from nsadmin.stores.mongo.resources import Kind


def resources(spec: NamespaceSpec) -> "dict[Kind, list[Stored]]":
    """The stored documents of each kind; they refer to each other, cycles included."""
    layout, listed = layout_of(spec), documents(spec)
    return {
        "buckets": buckets(layout, listed),
        "objects": objects(layout, listed),
        "collections": collections(spec, layout, listed),
        "retrievers": retrievers(spec, layout),
        "taxonomies": taxonomies(spec, layout),
    }
