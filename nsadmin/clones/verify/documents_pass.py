"""Comparing the MongoDB documents of a clone with the source's, kind by kind."""

from typing import Any

from nsadmin.clones.copy import documents
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.rewrite.references import find_references
from nsadmin.clones.verify.document_proof import WayBack
from nsadmin.clones.verify.pass_state import (
    VerificationPass,
    save,
    verification_error,
)
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.resources import Kind

Document = dict[str, Any]
Documents = dict[str, Document]
# The source's document by the key that the clone's has in the store.
Pairs = dict[str, tuple[Document, Document]]


def compare_kind(context: CopyContext, current: VerificationPass, kind: Kind) -> None:
    """Compare all documents of a kind, page by page, and repair differences.

    Raises Conflict with code `clone_unproven` for a difference that stays.
    """
    way_back = WayBack(context.ids)
    for page in documents.source_pages(context, kind, after=current.after):
        expected: Pairs = {}
        for document in page:
            if documents.is_mapped(context, kind, document):
                made = documents.rewrite_document(context, kind, document)
                expected[made["_id"]] = (document, made)
        _repair(context, current, kind, expected, way_back)
        current.seen[kind] = current.seen.get(kind, 0) + len(expected)
        current.after = page[-1]["_id"]
        save(context, current)


def _repair(
    context: CopyContext,
    current: VerificationPass,
    kind: Kind,
    expected: Pairs,
    way_back: WayBack,
) -> None:
    """Compare a page of documents, and write the ones that differ again."""
    actual = _clone_documents(context, kind, expected)
    differing = _differences(kind, expected, actual, way_back)
    if differing:
        context.job.raise_if_interrupted()
        resources.put(kind, [expected[own_id][1] for own_id in differing])
        missing = sum(own_id not in actual for own_id in differing)
        current.add_repaired(kind, repaired=len(differing), missing=missing)
        written = {own_id: expected[own_id] for own_id in differing}
        actual = _clone_documents(context, kind, expected)
        for own_id, reason in _differences(kind, written, actual, way_back).items():
            raise verification_error(f"{kind}: {own_id} {reason}.")
    for document in actual.values():
        old_id = next(find_references(document, context.ids), None)
        if old_id is not None:
            raise verification_error(f"{kind} still refer to the source ({old_id}).")


def _differences(
    kind: Kind, expected: Pairs, actual: Documents, way_back: WayBack
) -> dict[str, str]:
    """Return what differs, by the documents' keys; equal documents are left out."""
    found = {}
    for own_id, (source, made) in expected.items():
        clone = actual.get(own_id)
        if clone is None:
            found[own_id] = "is missing"
        elif reason := way_back.difference(kind, source, clone):
            found[own_id] = reason
        elif clone != made:
            found[own_id] = "read back differs from the written one"
    return found


def _clone_documents(context: CopyContext, kind: Kind, expected: Pairs) -> Documents:
    """Return the clone's documents with the keys of `expected`.

    Object ids keep their order in the clone, so only the range of a page is read; the
    other kinds are few and are read as a whole.
    """
    namespace_id = context.target.namespace_id
    if kind != "objects":
        every = resources.every(kind, namespace_id)
        return {d["_id"]: d for d in every if d["_id"] in expected}
    actual: Documents = {}
    if not expected:
        return actual
    first, last = min(expected), max(expected)
    after = first[:-1]  # a prefix of the first id, so that page includes that id
    while page := resources.page(kind, namespace_id, after=after):
        actual.update((d["_id"], d) for d in page if d["_id"] in expected)
        after = page[-1]["_id"]
        if after >= last:
            break
    return actual
