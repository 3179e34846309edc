"""What the driver raises, as our errors; no error of the driver leaves this room.

Unavailable is what another time may bring: no connection, no primary, a limit of time,
credentials that the operator has to correct. Conflict is about the document. Every
other refusal is an UpstreamError. The server's own words may hold data, so only its
code and the name of the code are told.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, Final, TypeVar

import pymongo
import structlog
from bson.errors import InvalidBSON, InvalidDocument
from pymongo import errors

from nsadmin.errors import Conflict, NsadminError, Unavailable, UpstreamError
from nsadmin.stores.mongo.duplicates import conflict

logger = structlog.get_logger(__name__)
Done = TypeVar("Done")

_NO_ANSWER = (
    errors.ConnectionFailure,
    errors.ExecutionTimeout,
    errors.ProtocolError,
    errors.InvalidOperation,  # the client was closed: its process is about to end
)
_ENCODING = (UnicodeEncodeError, InvalidDocument)
_TRANSLATED = (errors.PyMongoError, InvalidBSON, *_ENCODING)
# Codes of MongoDB's error_codes.yml, and 8000 of Atlas for a refused password.
_CREDENTIALS: Final = frozenset({11, 13, 18, 391, 8000})
_DUPLICATE: Final = frozenset({11000, 11001, 12582})
_TOO_LARGE: Final = frozenset({10334, 17419, 17420})
_NO_SPACE: Final = 14031
# The server cannot do it now: locks, elections, shutdown, limits, moved chunks.
_LATER: Final = frozenset(
    {
        *(6, 7, 24, 43, 46, 50, 63, 70, 74, 89, 91, 94, 100, 112, 133, 134, 146, 150),
        *(175, 189, 202, 216, 237, 246, 262, 317, 384, 462, 9001, 10058),
        *(10107, 11600, 11601, 11602, 13388, 13435, 13436),
    }
)


@contextmanager
def translate_errors(*, within_s: float | None = None) -> Iterator[None]:
    """Turn the driver's errors into ours.

    `within_s` limits the total time of the calls inside, including the driver's retries
    and server selection, and each command at the server. Of two nested limits the
    shorter one applies.
    """
    try:
        with pymongo.timeout(within_s) if within_s else nullcontext():
            yield
    except _TRANSLATED as failure:
        raise translated(failure) from None


def translated(failure: Exception) -> NsadminError:
    """Return our error for one of the driver or of BSON."""
    if isinstance(failure, _NO_ANSWER):
        return _away("MongoDB does not answer.")
    if isinstance(failure, _ENCODING):
        return _unwritable(failure)
    if isinstance(failure, InvalidBSON):
        return UpstreamError("MongoDB's answer is damaged and cannot be decoded.")
    if isinstance(failure, errors.OperationFailure):
        return _refused(failure)
    if isinstance(failure, errors.ConfigurationError):
        return _away("MongoDB cannot be reached at its configured address.")
    logger.warning("mongodb_error", kind=type(failure).__name__)
    return _refusal(None)


def is_temporary(failure: errors.OperationFailure) -> bool:
    """Tell whether the server refuses this only for now."""
    return failure.code in _LATER


def _refused(failure: errors.OperationFailure) -> NsadminError:
    """Return our error for an answer that is not `ok`, by its code."""
    told = _first_error(failure)
    code = told.get("code")
    if code in _DUPLICATE:
        return conflict(told)
    if _is_unconfirmed(failure):
        return _away("MongoDB did not confirm the write; it may have been written.")
    if code == _NO_SPACE:
        return _away("MongoDB has no disk space left.", code)
    if code in _CREDENTIALS:
        logger.error("mongodb_credentials_refused", code=code)
        return _away("MongoDB refuses the credentials of nsadmin.", code)
    if code in _LATER:
        return _away("MongoDB cannot do this now.", code)
    if code in _TOO_LARGE or isinstance(
        failure, errors.WriteError | errors.BulkWriteError
    ):
        return _unwritable(failure, code)
    logger.warning("mongodb_refused", code=code, code_name=told.get("codeName"))
    return _refusal(code)


def _first_error(failure: errors.OperationFailure) -> Mapping[str, Any]:
    """Return the answer, or of several writes the first that was refused."""
    told: Mapping[str, Any] = failure.details or {}
    each = told.get("writeErrors")
    if isinstance(each, list) and each:
        return dict(each[0])
    return {"code": failure.code, **told}


def _is_unconfirmed(failure: errors.OperationFailure) -> bool:
    """Tell whether it was written, but not to as many members as was asked for."""
    if isinstance(failure, errors.BulkWriteError):
        told = failure.details or {}
        return not told.get("writeErrors") and bool(told.get("writeConcernErrors"))
    return isinstance(failure, errors.WriteConcernError)


def _away(message: str, code: object = None) -> Unavailable:
    return Unavailable(message, details=_details(code))


def _refusal(code: object) -> UpstreamError:
    return UpstreamError("MongoDB refused the call.", details=_details(code))


def _details(code: object) -> dict[str, Any]:
    told = {} if code is None else {"status": code}
    return {"store": "namespace store", **told}


def _unwritable(reason: Exception, code: object = None) -> Conflict:
    what = "refuses it"
    if isinstance(reason, UnicodeEncodeError):
        what = "cannot write its bytes that are not UTF-8"
    if isinstance(reason, errors.DocumentTooLarge) or code in _TOO_LARGE:
        what = "cannot write a document of its size"
    return Conflict(
        f"This document cannot be changed: MongoDB {what}. Nothing was written.",
        code="document_unwritable",
    )


def retry_once(
    write: Callable[[], Done], *, again: Callable[[], Done] | None = None
) -> Done:
    """Do a write, and repeat it once if its connection broke; it must be idempotent.

    `again` is the repetition, where it has to know that the first try may have
    succeeded. The driver repeats single writes itself, but not those of many documents,
    nor any on a server without a replica set. A write that timed out is not repeated.
    """
    try:
        return write()
    except errors.AutoReconnect as failure:
        if failure.timeout:
            raise
        return (again or write)()
