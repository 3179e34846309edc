"""Items that fail, in words: what a loop does, and what is told to whom."""

from collections.abc import Mapping
from dataclasses import dataclass

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.jobs import items
from nsadmin.jobs.models import ItemFailure
from nsadmin.namespaces.lifecycle.deletion_stages import FAILING
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.page_context import may

# {loop: (its title, what does not happen for the item meanwhile)}
LOOPS: Mapping[str, tuple[str, str]] = {
    "mirror": ("Mirror", "Lists and searches show old values."),
    "search": ("Search", "Searches find it by old words only, or not at all."),
    "sample": ("Sampling", "Its state in Qdrant is not renewed."),
    "probe": ("Probing", "Its answer is not valid; it counts as not answering."),
    "cluster": ("Cluster's address", "Its cluster cannot be asked."),
    "sample_cluster": ("Sampling", "Its collections are not sampled."),
    "drift_cluster": ("Drift", "Its differences are not found."),
    "heal_cluster": ("Healing", "Accepted changes on it are not finished."),
    "auto_indexes_cluster": ("Automatic indexes", "No index is built on it."),
    "finish_cluster": ("Measuring indexes", "New indexes on it are not measured."),
    "sizes": ("Collection sizes", "Its size is not renewed."),
    "drift": ("Drift", "Differences from Qdrant are not found."),
    "drift_place": ("Drift", "It is not known which collection is its own."),
    "heal": ("Healing", "An accepted change is not finished in Qdrant."),
    "sweep": ("Jobs", "A lost job is not recovered."),
    "auto_indexes": ("Automatic indexes", "No index is created automatically."),
    "finish_indexes": ("Measuring indexes", "A new index is not measured."),
    "expiry": ("Expiry", "It is not deleted when it expires."),
    "expiry_warning": ("Expiry warning", "It is not deleted when it expires."),
    "expiry_deletion": ("Expiry", "It has expired and is not deleted."),
    "extend": ("Extending", "Its expiry was not extended."),
    "purge": ("Purge", "It can no longer be restored, and is not deleted yet."),
    "purge_retry": ("Purge", "Its failed deletion is not tried again."),
    "deletion": ("Deletion", "It is not deleted yet; each attempt comes later."),
    "deletion_stop": ("Deletion", "A job that uses it was not stopped."),
    "reprocessing": ("Processing again", "A request is not measured."),
    "reprocessing_messages": ("Processing again", "The platform is not notified."),
    "move_expiry": ("Old collections", "What a move left behind is not deleted yet."),
    "expire_cluster": ("Old collections", "What moves left on it is not deleted."),
    "support_end": ("Support sessions", "Its end is not in the audit log yet."),
    "left_collection": ("Collection left behind", "Drop it in its cluster by hand."),
    "notifications": ("Notifications", "A notification is not sent."),
    "audit_verify": ("Audit", "Its audit log is not verified."),
    "bulk": ("Changes to several namespaces", "It was not changed with the others."),
    "key_rotation": ("Key rotation", "Its key is sealed with an old seal key."),
}
_UNFORESEEN = "Unexpected "


@dataclass(frozen=True, slots=True)
class FailureNote:
    """A failure as the page of its namespace tells it; customers get `reason` plain."""

    row: ItemFailure
    title: str
    effect: str
    reason: str


def loop_title(loop: str) -> str:
    """Return the title of a loop, or else its name."""
    return LOOPS[loop][0] if loop in LOOPS else loop.replace("_", " ").capitalize()


def loop_effect(loop: str) -> str:
    """Return what does not happen for an item that fails in a loop."""
    return LOOPS[loop][1] if loop in LOOPS else ""


def can_finish(row: ItemFailure) -> bool:
    """Tell whether a deletion may be ended without its collection."""
    return row.loop == FAILING and row.kind == "namespace"


def notes_for(actor: Actor, view: NamespaceView) -> list[FailureNote]:
    """Return what fails at a namespace, for staff and the organization's admins."""
    if not actor.is_staff and not may(actor, Action.NAMESPACE_DELETE, view):
        return []
    rows = items.failures_of("namespace", view.namespace.namespace_id)
    return [
        FailureNote(
            row,
            title=loop_title(row.loop),
            effect=loop_effect(row.loop),
            reason=row.message if actor.is_staff else _plain(row.message),
        )
        for row in rows
    ]


def _plain(message: str) -> str:
    """Return the reason for people who do not know the code."""
    if message.startswith(_UNFORESEEN):
        return (
            "A stored value is not as expected. The operators of the platform see it."
        )
    return message
