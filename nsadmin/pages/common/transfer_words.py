"""The ways of a transfer and amounts of data in words."""

from nsadmin.pages.templatetags.formatting import lasting

_WAYS = {
    "snapshot": "By a snapshot within the cluster",
    "stream": "By a stream of the shards",
    "pages": "Point by point",
    "mixed": "Some shards as a whole, the rest point by point",
    "compare": "By comparison with the collection that is there",
}
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def way_words(way: str) -> str:
    """Return how points are brought in a way; one that is not known as it is."""
    return _WAYS.get(way, way)


def size_text(size: object) -> str:
    """Write a number of bytes with two or three digits, such as `61 MB`."""
    if not isinstance(size, int | float) or size <= 0:
        return ""
    amount = float(size)
    for unit in _UNITS:
        if amount < 1000 or unit == _UNITS[-1]:
            break
        amount /= 1000
    digits = 0 if amount >= 10 or unit == "bytes" else 1
    return f"{amount:,.{digits}f} {unit}"


def forecast_text(seconds: object) -> str:
    """Write the least and the greatest number of seconds, such as `45 to 52 min`."""
    match seconds:
        case [int() | float() as fast, int() | float() as slow]:
            least, most = lasting(min(fast, slow)), lasting(max(fast, slow))
            return least if least == most else f"{least} to {most}"
    return ""
