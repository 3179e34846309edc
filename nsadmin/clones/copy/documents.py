"""Copying what a namespace holds in the namespace store, kind by kind."""

from collections.abc import Callable, Iterator
from typing import Any

from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.rewrite import remap
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.resources import Kind

Document = dict[str, Any]
Page = list[Document]

# Small enough that a slow store answers within its time limit.
PAGE = 200


def kinds(c: CopyContext) -> list[Kind]:
    """The kinds that this clone copies, in an order that reads well in a log."""
    found: list[Kind] = ["buckets"]
    if c.include.collections:
        found.append("collections")
    found.append("objects")
    if c.include.retrievers:
        found.append("retrievers")
    if c.include.taxonomies:
        found.append("taxonomies")
    return found


def mapped(c: CopyContext, kind: Kind, document: Document) -> Document:
    """Return the document as the clone has it."""
    if kind == "buckets":
        return remap.bucket(document, c.ids)
    rules: dict[Kind, Callable[..., Document]] = {
        "objects": remap.object_,
        "collections": remap.collection,
        "retrievers": remap.retriever,
        "taxonomies": remap.taxonomy,
    }
    return rules[kind](document, c.ids, c.dropped)


def source_pages(c: CopyContext, kind: Kind, *, after: str = "") -> Iterator[Page]:
    """Return the source's documents page by page, those without a known id left out."""
    while rows := resources.page(kind, c.source.namespace_id, after=after, limit=PAGE):
        yield rows
        after = rows[-1]["_id"]


def copy_kinds(c: CopyContext, stage: str, copied: list[Kind]) -> None:
    """Copy whole kinds of which there are few."""
    total = sum(resources.count(kind, c.source.namespace_id) for kind in copied)
    c.work.progress.begin(stage, total=total)
    done = 0
    for kind in copied:
        for rows in source_pages(c, kind):
            c.work.require_held()
            put(c, kind, rows)
            done += len(rows)
            c.work.progress.advance(stage, done=done)


def copy_objects(c: CopyContext) -> None:
    """Copy objects page by page, going on where the last slice stopped."""
    cursor = c.work.cursor
    total = resources.count("objects", c.source.namespace_id)
    c.work.progress.begin("objects", total=total)
    done = cursor.get("done", 0)
    for rows in source_pages(c, "objects", after=cursor.get("after", "")):
        c.work.require_held()
        put(c, "objects", rows)
        done += len(rows)
        c.work.progress.advance("objects", done=done)
        c.save(after=rows[-1]["_id"], done=done)


def put(c: CopyContext, kind: Kind, rows: Page) -> Page:
    """Write a page of the source into the clone; return what was written."""
    written = [mapped(c, kind, row) for row in rows if is_known(c, kind, row)]
    resources.put(kind, written)
    return written


def is_known(c: CopyContext, kind: Kind, row: Document) -> bool:
    """Tell whether the id map has it; what came later is found by the proof."""
    if kind == "objects":
        return True
    own = str(row.get(resources.ID_FIELD[kind]) or row["_id"])
    return own in c.ids.new[kind]
