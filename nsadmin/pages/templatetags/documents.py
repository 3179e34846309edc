"""Filters that write the values of documents: sizes, extents, addresses of parts."""

from urllib.parse import urlencode

from django import template

from nsadmin.documents.shown.tree import Node, query_of
from nsadmin.documents.shown.vectors import ShownVector
from nsadmin.documents.shown.visible import visible

register = template.Library()

_NBSP = "\u00a0"


@register.filter
def took(milliseconds: float) -> str:
    """Write how long a call took, such as `12 ms` or `1.2 s`."""
    if milliseconds < 1:
        return f"under 1{_NBSP}ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f}{_NBSP}ms"
    return f"{milliseconds / 1000:.1f}{_NBSP}s"


@register.filter
def seen(text: str) -> str:
    """Write a foreign key or name with its hidden characters marked."""
    return visible(text)


@register.filter
def extent(node: Node) -> str:
    """Write how many entries an object or a list has."""
    word = "key" if node.kind == "object" else "entry"
    if node.size == 1:
        return f"1 {word}"
    return f"{node.size:,} {'keys' if word == 'key' else 'entries'}"


@register.filter
def rest_of(node: Node, address: str) -> str:
    """Return the address of a value's parts; "" for none and for one too long."""
    query = query_of(node.pointer)
    return f"{address}?{query}" if address and query else ""


@register.filter
def numbers_of(vector: ShownVector, address: str) -> str:
    """Return the address of all numbers of a vector."""
    return f"{address}?{urlencode({'name': vector.name})}"


@register.filter
def first_numbers(vector: ShownVector) -> list[str]:
    """Write the first numbers of a vector, of a sparse one with their indexes."""
    numbers = [f"{number:.6g}" for number in vector.first]
    if vector.kind != "sparse":
        return numbers
    return [f"{i}: {n}" for i, n in zip(vector.indices, numbers, strict=False)]
