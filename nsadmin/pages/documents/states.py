"""What a page says in place of documents: the reason, and what helps."""

from dataclasses import dataclass
from typing import Final

from django.urls import reverse

from nsadmin.errors import CollectionGone, Invalid, NsadminError, Unavailable
from nsadmin.pages.documents.address import ListAddress, index_href

# Codes of an answer that did not come in time, from a cluster that is there.
_SLOW: Final = ("qdrant_slow", "filter_too_slow")


@dataclass(frozen=True, slots=True)
class Help:
    """A link that may lead out of a state."""

    href: str
    words: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """A state with its icon, its role (a color), its words and what may help."""

    icon: str
    title: str
    text: str
    role: str = "idle"
    helps: tuple[Help, ...] = ()


def state_of(
    error: NsadminError, address: ListAddress, namespace_id: str, *, may_index: bool
) -> State:
    """Return the state that an error leaves the list in."""
    if isinstance(error, CollectionGone):
        return _gone(namespace_id)
    if isinstance(error, Unavailable):
        return _silent(error, address, namespace_id, may_index=may_index)
    if error.code == "strict_mode":
        return _strict(error, address, namespace_id, may_index=may_index)
    if isinstance(error, Invalid):
        return _invalid(error, address)
    again = Help(str(address), "Try again", "refresh")
    title = "Qdrant did not return documents"
    return State("alert-triangle", title, error.message, "warn", (again,))


def _gone(namespace_id: str) -> State:
    return State(
        icon="database",
        title="The collection is missing in Qdrant",
        text="No document can be read. The differences lead to its repair.",
        role="bad",
        helps=(
            Help(reverse("drift", args=[namespace_id]), "See the differences"),
            Help(reverse("overview", args=[namespace_id]), "Overview"),
        ),
    )


def _silent(
    error: Unavailable, address: ListAddress, namespace_id: str, *, may_index: bool
) -> State:
    again = Help(str(address), "Try again", "refresh")
    if error.code not in _SLOW:
        title = "Qdrant does not answer"
        why = "" if error.message == f"{title}." else f"{error.message} "
        text = f"{why}No document can be read meanwhile. The filter is kept."
        return State("plug-connected-x", title, text, "idle", (again,))
    helps = [*_index_help(error, namespace_id, may_index=may_index), again]
    if address.filter:
        helps.append(Help(str(address.but(filter=())), "Without the filter", "x"))
    title = "Qdrant did not finish in time"
    return State("clock", title, error.message, "warn", tuple(helps))


def _index_help(
    error: NsadminError, namespace_id: str, *, may_index: bool
) -> tuple[Help, ...]:
    """Return the link to add the first index that the filter lacks, if there is one."""
    fields = error.details.get("fields")
    field = error.details.get("field") or fields
    if isinstance(fields, str):
        field = fields.partition(", ")[0]
    if not may_index or not field or not isinstance(field, str):
        return ()
    return (Help(index_href(namespace_id, field), "Add the index", "plus"),)


def _strict(
    error: NsadminError, address: ListAddress, namespace_id: str, *, may_index: bool
) -> State:
    without = Help(str(address.but(filter=())), "Without the filter", "x")
    helps = (*_index_help(error, namespace_id, may_index=may_index), without)
    title = "Strict mode refuses this filter"
    return State("shield-lock", title, said(error), "warn", helps)


def _invalid(error: Invalid, address: ListAddress) -> State:
    """Return the state of an address that asks for what is not possible."""
    parts = {path.partition(".")[0] for path in error.errors}
    if "cursor" in parts:
        return State(
            icon="alert-triangle",
            title="This page of the list cannot be found",
            text=f"{said(error)} The filter is kept.",
            role="warn",
            helps=(Help(str(address.but()), "First page", "chevron-left"),),
        )
    if "order" in parts:
        back = Help(str(address.but(order="")), "Order by id")
        title = "The list cannot be in this order"
        return State("arrows-sort", title, said(error), "warn", (back,))
    if "columns" in parts:
        back = Help(str(address.but(columns=())), "Usual columns")
        title = "These columns cannot be shown"
        return State("adjustments-horizontal", title, said(error), "warn", (back,))
    all_of_them = Help(address.path, "Show all documents")
    text = "Correct the marked conditions; everything typed is kept."
    if any(path == "conditions" for path in error.errors):
        text = said(error)
    title = "The filter has an error"
    return State("alert-triangle", title, text, "warn", (all_of_them,))


def said(error: NsadminError) -> str:
    """Return the first sentences of an error that say where it is."""
    if isinstance(error, Invalid) and error.errors:
        return " ".join(m for messages in error.errors.values() for m in messages)
    return error.message
