"""Copying the MongoDB documents of a namespace's resources, kind by kind."""

from collections.abc import Callable, Iterator
from typing import Any

from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.rewrite import remap
from nsadmin.clones.stages import OBJECTS
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.resources import Kind

Document = dict[str, Any]
Page = list[Document]

# Documents in a page: small enough that a slow store answers within its time limit.
PAGE_SIZE = 200


def copied_kinds(context: CopyContext) -> list[Kind]:
    """Return the kinds of resources that this clone copies, in the order of stages."""
    kinds: list[Kind] = ["buckets"]
    if context.include.collections:
        kinds.append("collections")
    kinds.append("objects")
    if context.include.retrievers:
        kinds.append("retrievers")
    if context.include.taxonomies:
        kinds.append("taxonomies")
    return kinds


def rewrite_document(context: CopyContext, kind: Kind, document: Document) -> Document:
    """Return the clone's version of a source document."""
    if kind == "buckets":
        return remap.bucket(document, context.ids)
    rules: dict[Kind, Callable[..., Document]] = {
        "objects": remap.object_,
        "collections": remap.collection,
        "retrievers": remap.retriever,
        "taxonomies": remap.taxonomy,
    }
    return rules[kind](document, context.ids, context.omissions)


def source_pages(
    context: CopyContext, kind: Kind, *, after: str = ""
) -> Iterator[Page]:
    """Yield the source's documents page by page, ordered by id, from behind `after`."""
    namespace_id = context.source.namespace_id
    while page := resources.page(kind, namespace_id, after=after, limit=PAGE_SIZE):
        yield page
        after = page[-1]["_id"]


def copy_kinds(context: CopyContext, stage: str, copied: list[Kind]) -> None:
    """Copy all documents of these kinds without checkpoints, as there are few."""
    total = sum(resources.count(kind, context.source.namespace_id) for kind in copied)
    context.job.progress.begin(stage, total=total)
    done = 0
    for kind in copied:
        for page in source_pages(context, kind):
            context.job.raise_if_interrupted()
            write_page(context, kind, page)
            done += len(page)
            context.job.progress.advance(stage, done=done)


def copy_objects(context: CopyContext) -> None:
    """Copy objects page by page, starting where the last slice stopped."""
    cursor = context.job.cursor
    total = resources.count("objects", context.source.namespace_id)
    context.job.progress.begin(OBJECTS, total=total)
    done = cursor.get("done", 0)
    for page in source_pages(context, "objects", after=cursor.get("after", "")):
        context.job.raise_if_interrupted()
        write_page(context, "objects", page)
        done += len(page)
        context.job.progress.advance(OBJECTS, done=done)
        context.save(after=page[-1]["_id"], done=done)


def write_page(context: CopyContext, kind: Kind, page: Page) -> None:
    """Write a page of source documents into the clone."""
    resources.put(
        kind,
        [
            rewrite_document(context, kind, document)
            for document in page
            if is_mapped(context, kind, document)
        ],
    )


def is_mapped(context: CopyContext, kind: Kind, document: Document) -> bool:
    """Tell whether the id map has the document.

    It lacks resources created after the job listed the ids; the verification adds them.
    Objects keep their ids and are always copied.
    """
    if kind == "objects":
        return True
    old_id = str(document.get(resources.ID_FIELD[kind]) or document["_id"])
    return old_id in context.ids.new[kind]
