"""What a typed text may stand for where the type of a field is not known. Pure."""

import math
import re
from typing import Final

from nsadmin.documents.query.values import Value

_TRUTHS: Final = {"true": True, "false": False}
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL: Final = re.compile(
    r"[+-]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(e[+-]?[0-9]{1,3})?", re.IGNORECASE
)
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


def other_reading(text: str) -> Value | None:
    """Return the boolean or the number that a text reads as; None if it is text alone.

    A whole number that fits 64 bits is an int, any other number a finite float.
    """
    stripped = text.strip()
    truth = _TRUTHS.get(stripped.lower())
    if truth is not None:
        return truth
    if _WHOLE.fullmatch(stripped) is not None:
        number = int(stripped)
        if _INT_MIN <= number <= _INT_MAX:
            return number
    if _DECIMAL.fullmatch(stripped) is None:
        return None
    decimal = float(stripped)
    return decimal if math.isfinite(decimal) else None
