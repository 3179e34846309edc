"""The errors that the packages raise and that the pages and the API translate.

Each class defines its HTTP status, its type and code in the API's envelope, and whether
a retry can help. An instance has a message for people and, where useful, details.
"""

import json
import secrets
from typing import Any, ClassVar, Final

# The seconds after which a retry can help, where an error does not say it itself: a
# store that is started again answers within them.
RETRY_AFTER_S: Final = 5

_MAX_LENGTH = 100


def as_json(value: Any) -> str:
    """Return a value as JSON for a message, cut at 100 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"


def new_reference() -> str:
    """Return an id under which an unexpected error is logged, for a page to show."""
    return secrets.token_hex(5)


class NsadminError(Exception):
    """The base of all errors that are answered to the caller.

    `message` is shown to people, so it must not contain a host, key or path.
    `details` is JSON-ready data for programs.
    """

    status: ClassVar[int] = 500
    type: ClassVar[str] = "InternalServerError"
    default_code: ClassVar[str] = "internal_error"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.details = details or {}

    @property
    def retry_after(self) -> int | None:
        """The seconds after which a retry can help; None where none does."""
        default = RETRY_AFTER_S if self.retryable else None
        given: int | None = self.details.get("retry_after", default)
        return given


class BadRequest(NsadminError):
    """The request could not be read at all (syntax, depth, duplicate keys)."""

    status = 400
    type = "BadRequestError"
    default_code = "unreadable"


class Unauthorized(NsadminError):
    """The request has no valid session or API key."""

    status = 401
    type = "UnauthorizedError"
    default_code = "unauthorized"


class Forbidden(NsadminError):
    """The actor may see the object, but not perform this action on it."""

    status = 403
    type = "ForbiddenError"
    default_code = "forbidden"


class NotEnabled(Forbidden):
    """The organization's plan does not include this feature."""

    type = "NotEnabledError"
    default_code = "not_enabled"


class QuotaExceeded(Forbidden):
    """A limit of the organization's plan is reached."""

    type = "QuotaExceededError"
    default_code = "quota_exceeded"


class PasswordNeeded(NsadminError):
    """The action needs the password to be entered again first."""

    status = 422
    type = "PasswordNeededError"
    default_code = "password_needed"


class NotFound(NsadminError):
    """The object does not exist, or the actor may not see it."""

    status = 404
    type = "NotFoundError"
    default_code = "not_found"


class Conflict(NsadminError):
    """The state of the object does not allow the change: name taken, locked, busy."""

    status = 409
    type = "AlreadyExistsError"
    default_code = "conflict"


class CollectionGone(Conflict):
    """The namespace's collection is missing in Qdrant, so it cannot be changed."""

    type = "QdrantError"
    default_code = "collection_missing"


class PlanChanged(Conflict):
    """The plan has changed since it was shown.

    `details["plan"]` is the new plan as JSON-ready data.
    """

    default_code = "plan_moved"


class PreconditionFailed(NsadminError):
    """The revision in `If-Match` is not the stored one."""

    status = 412
    type = "PreconditionFailedError"
    default_code = "stale_revision"


class LengthRequired(NsadminError):
    """The body is sent in chunks without a length, which is not supported."""

    status = 411
    type = "BadRequestError"
    default_code = "length_required"


class TooLarge(NsadminError):
    """The body exceeds the size limit."""

    status = 413
    type = "BadRequestError"
    default_code = "body_too_large"


class WrongMedia(NsadminError):
    """The media type of the body is not supported."""

    status = 415
    type = "BadRequestError"
    default_code = "unsupported_media_type"


class Invalid(NsadminError):
    """The request has valid syntax, but invalid values.

    `errors` maps a field path such as `payload_indexes.0.field_name` to messages;
    the empty path is for errors of the whole request.
    """

    status = 422
    type = "ValidationError"
    default_code = "invalid"

    def __init__(
        self,
        message: str,
        *,
        errors: dict[str, list[str]] | None = None,
        code: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        self.errors = errors or {}
        merged = {
            "validation_errors": [
                {"location": path, "message": text, "type": code or "invalid"}
                for path, texts in self.errors.items()
                for text in texts
            ],
            **(details or {}),
        }
        super().__init__(message, code=code, details=merged)

    @classmethod
    def at(
        cls,
        path: str,
        message: str,
        *,
        code: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> "Invalid":
        """Return the error of one field; `path` as in `errors`."""
        return cls(message, errors={path: [message]}, code=code, details=details)

    @classmethod
    def all(cls, errors: dict[str, list[str]]) -> "Invalid":
        """Return the error of several fields; its message is the first of them."""
        return cls(next(iter(errors.values()))[0], errors=errors)

    @property
    def placed(self) -> str:
        """The message after its field path, for output without a form."""
        places = (at for at, texts in self.errors.items() if self.message in texts)
        path = next(places, "")
        is_placed = not path or self.message.startswith(f"{path}:")
        return self.message if is_placed else f"{path}: {self.message}"


class RateLimited(NsadminError):
    """The caller exceeds the rate limit; `details["retry_after"]` is in seconds."""

    status = 429
    type = "TooManyRequestsError"
    default_code = "rate_limited"
    retryable = True


class Unavailable(NsadminError):
    """A store does not answer; nothing was written unless the message says so.

    `details["store"]` is one of `namespace store`, `qdrant`, `redis`.
    """

    status = 503
    type = "UnavailableError"
    default_code = "store_unavailable"
    retryable = True


class UpstreamError(NsadminError):
    """A store refused the call; a retry of the same call cannot help."""

    status = 502
    type = "QdrantError"
    default_code = "store_refused"
