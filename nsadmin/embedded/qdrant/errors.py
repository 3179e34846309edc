"""Errors with Qdrant's texts, and the translation of the engine's exceptions."""

import re
from collections.abc import Iterator
from contextlib import contextmanager


class ApiError(Exception):
    """An answer other than 200: the HTTP status and the text for `status.error`."""

    def __init__(
        self, status: int, message: str, *, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.is_plain = False
        self.status = status
        self.message = message
        self.retry_after = retry_after


class FormatError(ApiError):
    """A body that is refused as a whole, before any part of it is looked at."""


def wrong_input(text: str) -> ApiError:
    """The request is readable and asks for something impossible."""
    return ApiError(400, f"Wrong input: {text}")


def bad_request(text: str) -> ApiError:
    """The request is refused by a rule of the collection or of the call."""
    return ApiError(400, f"Bad request: {text}")


def malformed(text: str) -> FormatError:
    """The body is not of the shape the call wants."""
    return FormatError(400, f"Format error in JSON body: {text}")


def invalid(where: str, text: str) -> FormatError:
    """The shape is right and a value is outside its limits."""
    return FormatError(422, f"Validation error in {where}: [{text}]")


def no_inference() -> ApiError:
    """A text or image stands where a vector is expected."""
    text = "InferenceService URL not configured"
    return internal(f"{text} - please provide valid address in config")


def not_found(text: str) -> ApiError:
    """Something that the request names does not exist."""
    return ApiError(404, f"Not found: {text}")


def no_snapshot_file(name: str) -> ApiError:
    """The 404 of a snapshot to download, which Qdrant answers in plain text."""
    error = not_found(f"Snapshot {name} not found")
    error.is_plain = True
    return error


def conflict(text: str) -> ApiError:
    """The name is taken."""
    return ApiError(409, f"Wrong input: {text}")


def forbidden(text: str) -> ApiError:
    """The key does not permit the call, or the path is not allowed."""
    return ApiError(403, f"Forbidden: {text}")


def too_many(text: str, retry_after: int | None) -> ApiError:
    """A rate limit of the collection is used up for some seconds, or for good."""
    return ApiError(429, f"Rate limiting exceeded: {text}", retry_after=retry_after)


def internal(text: str) -> ApiError:
    """The server itself failed."""
    return ApiError(500, f"Service internal error: {text}")


def full_disk() -> ApiError:
    """Something could not be written; what was there is as it was."""
    return internal("failed to write: No space left on device (os error 28)")


def unsupported(text: str) -> ApiError:
    """A part of Qdrant that the embedded engine does not have."""
    return ApiError(501, f"Not implemented by the embedded engine: {text}")


def no_collection(name: str) -> ApiError:
    """The 404 of a collection that does not exist."""
    return not_found(f"Collection `{name}` doesn't exist!")


_MISSING_POINT = re.compile(r"^No point with id", re.IGNORECASE)
_FIXED_SETTING = "config is incompatible with existing segments"
_ENGINE_FAULT = re.compile(r"^Service runtime error|^IO Error", re.IGNORECASE)


def from_engine(error: BaseException) -> ApiError:
    """The API error for an engine exception, which is classified by its text."""
    text = str(error)
    if _FIXED_SETTING in text:
        return unsupported(text)
    if type(error).__name__ == "PanicException" or _ENGINE_FAULT.match(text):
        return internal(text)
    if _MISSING_POINT.match(text):
        return not_found(text)
    if isinstance(error, (TypeError, ValueError, OverflowError)):
        return malformed(text.splitlines()[0] if text else type(error).__name__)
    return wrong_input(text)


@contextmanager
def engine_calls() -> Iterator[None]:
    """Translate exceptions of the engine to `ApiError`."""
    try:
        yield
    except BaseException as error:
        if not _is_from_engine(error):
            raise
        raise from_engine(error) from error


def _is_from_engine(error: BaseException) -> bool:
    """Whether the exception was raised by the engine, not by this program.

    Its errors are plain `Exception`, failed conversions one of three others, and
    a Rust panic is a `BaseException` of a class that cannot be imported.
    """
    return (
        type(error) is Exception
        or isinstance(error, (TypeError, ValueError, OverflowError))
        or type(error).__name__ == "PanicException"
    )
