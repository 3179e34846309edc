"""The check whether the points are on the other cluster, or have to be moved there.

It judges the answers of both clusters (`Reach`); it asks no server.
"""

from nsadmin.namespaces.change.preflight_checks import Check, unchecked
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.moving import MOVED, Fallback
from nsadmin.stores.qdrant.connectivity import Reach


def vectors(
    after: Namespace,
    here: Reach,
    there: Reach,
    *,
    left: Fallback | None,
    is_shared: bool,
) -> Check:
    """Judge where the points are and how they get to the other cluster.

    `left` is what an earlier move left behind there; `is_shared` says that other
    namespaces have points in the collection here.
    """
    if there.version is None:
        return unchecked("vectors", "Vectors")
    if there.points is None and there.has_collection is None:
        return _uncounted(there, "new")
    if there.has_collection and there.metadata is None:
        return _uncounted(there, "new")
    if here.points is None and here.has_collection is not False:
        return _uncounted(here, "current")
    name = after.collection
    if here.points is None:
        return _blocks(
            "No collection",
            f"There is no collection {name} on the current cluster. The drift page of "
            "the namespace can create it again.",
            code="collection_missing",
        )
    if here is there:
        return Check(
            "vectors",
            "ok",
            title="Vectors stay where they are",
            sentence=f"{here.points:,} points",
        )
    if left is not None and left.is_dropping:
        return _dropped(name)
    if is_shared and (here.points or there.points):
        return _of_others()
    return _way(name, here.points, there, left)


def _way(name: str, count: int, there: Reach, left: Fallback | None) -> Check:
    """Judge by what is there; the mark tells a collection that a move left behind.

    Such a collection is deleted one day, so it is only entered by the way back.
    """
    mark = str((there.metadata or {}).get(MOVED) or "")
    if left is not None and mark == left.task_id:
        return _brought_up_to_date(count)
    if count == 0 and not there.points:
        return _no_points(name, there)
    if there.points is None:
        return _moved(count)
    if mark:
        return _left_behind(name)
    return _compared(name, count, there.points)


def _moved(count: int) -> Check:
    return Check(
        "vectors",
        "ok",
        title="Vectors are moved",
        sentence=f"{_points(count)} moved by a job",
        moves_points=True,
    )


def _brought_up_to_date(count: int) -> Check:
    return Check(
        "vectors",
        "ok",
        title="Vectors are brought up to date",
        sentence=f"{_points(count)} compared by a job with the collection that an "
        "earlier move left there",
        moves_points=True,
        is_back=True,
    )


def _points(count: int) -> str:
    """Return the number of points with its verb."""
    return "1 point is" if count == 1 else f"{count:,} points are"


def _compared(name: str, count: int, there: int) -> Check:
    """Judge a collection of that name on the other cluster by its number of points."""
    if there == count:
        message = f"{count:,} points; nothing has to be moved"
        return Check(
            "vectors", "ok", title="Vectors are already there", sentence=message
        )
    return _blocks(
        "The collection's name is taken there",
        f"{name} has {count:,} points here, {there:,} there. Delete the collection "
        "there, or rename it, so that the points can be moved.",
        code="collection_taken",
    )


def _left_behind(name: str) -> Check:
    return _blocks(
        "An earlier move left the collection there",
        f"{name} was left behind on that cluster and will be deleted. Move back with "
        "the address that the cluster had then, or delete the collection there.",
        code="collection_left_behind",
    )


def _dropped(name: str) -> Check:
    return _blocks(
        "The old collection is being deleted",
        f"An earlier move left {name} on that cluster, and its retention period is "
        "over. Try again once it is deleted.",
        code="collection_left_behind",
    )


def _of_others() -> Check:
    return _blocks(
        "The collection is shared",
        "Other namespaces have points in the same collection, so it cannot be moved.",
        code="collection_shared",
    )


def _blocks(title: str, sentence: str, *, code: str) -> Check:
    return Check("vectors", "blocks", title=title, sentence=sentence, code=code)


def _no_points(name: str, there: Reach) -> Check:
    message = (
        f"{name} has no points; it is created there with its vectors and indexes"
        if there.points is None
        else f"{name} has no points on either cluster"
    )
    return Check(
        "vectors",
        "ok",
        title="No vectors to move",
        sentence=message,
        is_empty=True,
    )


def _uncounted(reach: Reach, which: str) -> Check:
    """Return the check for a cluster that refused the key or did not count in time."""
    is_refused = reach.may_read is False
    message = f"The {which} cluster did not count its points in time."
    if is_refused:
        message = (
            f"The {which} cluster refused the key, so its points were not counted."
        )
    return Check(
        "vectors",
        "blocks",
        title="Vectors are not counted",
        sentence=message,
        silent=not is_refused,
    )
