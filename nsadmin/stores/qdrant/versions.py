"""The oldest Qdrant that can change the vectors of a collection with points."""

MINIMUM_TEXT = "1.18"
_MINIMUM = (1, 18)


def supports_new_vectors(version: str) -> bool | None:
    """Compare a version such as 1.18.3-dev with the minimum; None if it has no number.

    Only the first two parts count.
    """
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    return numbers >= _MINIMUM if numbers else None
