"""The oldest Qdrant that everything here works with: the only place that names it."""

MINIMUM = (1, 18)
MINIMUM_TEXT = ".".join(str(number) for number in MINIMUM)


def is_too_old(version: str) -> bool:
    """Tell whether a version such as 1.16.2 is older; one that has no number is not."""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    return bool(numbers) and numbers < MINIMUM
