"""Points and their numbers, read from the `result` of a cluster's answers. Pure."""

from typing import Annotated, Any

from pydantic import Field

from nsadmin.stores.qdrant.answers import LARGEST, Json, MalformedAnswer, Part, read

PointId = int | str

_LARGEST_ID = 2**64 - 1
_ID_LENGTH = 64


class _Counted(Part):
    count: Annotated[int, Field(ge=0, le=LARGEST)]


class _Page(Part):
    points: list[Json]
    next_page_offset: Any = None


def count(result: Any) -> int:
    """Return the number of points that was counted."""
    return read(_Counted, result).count


def page(result: Any) -> tuple[list[Json], PointId | None]:
    """Return points, each with an id and a payload or none, and the next offset.

    Vectors are not looked into: they are only ever passed on or compared.
    """
    found = read(_Page, result)
    for point in found.points:
        require_id(point.get("id"))
        if not isinstance(point.get("payload"), dict | None):
            raise MalformedAnswer.of("the payload of a point is not an object")
    if found.next_page_offset is not None:
        require_id(found.next_page_offset)
    return found.points, found.next_page_offset


def require_id(value: object) -> None:
    """Raise MalformedAnswer for a value that is no id of a point."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if is_number and 0 <= value <= _LARGEST_ID:  # type: ignore[operator]
        return
    if isinstance(value, str) and len(value) <= _ID_LENGTH:
        return
    raise MalformedAnswer.of("a point has no valid id")
