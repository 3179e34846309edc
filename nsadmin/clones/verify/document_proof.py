"""The proof that a document of the clone is the source's with other ids.

It goes the way back: where the clone has a new id, as a whole text, as a segment of a
path or as a field's name, the old one is put, and the result has to be the source's
document without what the clone leaves out.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from nsadmin.clones.rewrite import remap
from nsadmin.clones.rewrite.id_map import IdMap
from nsadmin.clones.rewrite.references import rewrite_references
from nsadmin.clones.rewrite.remap import OmissionLog
from nsadmin.clones.verify.canonical import Path, canonical, serialized
from nsadmin.clones.verify.point_proof import field_name
from nsadmin.stores.mongo.resources import Kind

Document = dict[str, Any]

_PRUNED: Final[Mapping[Kind, Callable[..., Document]]] = {
    "objects": remap.pruned_object,
    "collections": remap.pruned_collection,
    "retrievers": remap.pruned_retriever,
    "taxonomies": remap.pruned_taxonomy,
}
_SEGMENT: Final = re.compile(r"[^/]+")


class WayBack:
    """The old id of every new one."""

    def __init__(self, ids: IdMap) -> None:
        self._ids = ids
        self._old = {n: o for renamed in ids.new.values() for o, n in renamed.items()}

    def difference(self, kind: Kind, source: Document, clone: Document) -> str:
        """Say in which field the two differ; empty if they are equal."""
        one = self._leaves(self._without_absent(kind, source))
        other = self._leaves(_body(clone))
        for path in sorted(one.keys() | other.keys(), key=repr):
            if path not in other:
                return f"field {field_name(path)} is missing"
            if path not in one:
                return f"field {field_name(path)} is not in the source"
            if serialized(one[path]) != serialized(other[path]):
                return f"field {field_name(path)} differs"
        return ""

    def _leaves(self, document: Document) -> dict[Path, Any]:
        return {
            tuple(map(self._renamed, path)): self._renamed(leaf)
            for path, leaf in canonical(document, None).leaves.items()
        }

    def _without_absent(self, kind: Kind, source: Document) -> Document:
        prune = _PRUNED.get(kind)
        pruned = prune(source, self._ids, OmissionLog()) if prune else source
        kept, _ = rewrite_references(_body(pruned), self._ids.only_absent)
        body: Document = kept
        return body

    def _renamed(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        tenant = self._ids.tenant
        if tenant is not None and value == tenant[1]:
            return tenant[0]
        return _SEGMENT.sub(lambda found: self._old.get(found[0], found[0]), value)


def _body(document: Document) -> Document:
    """Return a document without its key in the store, which is looked up already."""
    return {name: entry for name, entry in document.items() if name != "_id"}
