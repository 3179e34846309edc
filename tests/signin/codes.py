"""Codes of an authenticator app, by RFC 6238 and not by the code that is tested."""

import base64
import hmac
import struct
import time

PERIOD_S = 30
# A request that begins in one period must not be judged in the next.
_ROOM_S = 5.0


def code(secret: str, *, ahead: int = 0) -> str:
    """The six digits that an app shows now, or some periods later or, below 0, before.

    Late in a period the next one is waited for.
    """
    left = PERIOD_S - time.time() % PERIOD_S
    if left < _ROOM_S and ahead != 1:
        time.sleep(left)
    counter = int(time.time()) // PERIOD_S + ahead
    mac = hmac.digest(base64.b32decode(secret), struct.pack(">Q", counter), "sha1")
    start = mac[-1] & 15
    number = struct.unpack(">I", mac[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06}"


def next_code(secret: str, last: str) -> str:
    """A code that is not the last one, since each counts once: that of the next period,
    which a server takes from a clock that is fast.
    """
    now = code(secret)
    return now if now != last else code(secret, ahead=1)
