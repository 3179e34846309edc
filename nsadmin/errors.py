"""The family of errors that the rooms raise and the doors translate.

Each error knows its HTTP status, its type and code in the API's envelope, and whether
trying again can help. It carries a message for a person and, where useful, details.
"""

import json
from typing import Any, ClassVar

_LONGEST = 100


def as_json(value: Any) -> str:
    """Write a sent value for a sentence as it was sent, only shorter if it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class NsadminError(Exception):
    """Base of all errors that have an answer for the caller.

    `message` is shown to people as it is, so it names no host, key or path.
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


class BadRequest(NsadminError):
    """The request could not be read at all (syntax, depth, duplicate keys)."""

    status = 400
    type = "BadRequestError"
    default_code = "unreadable"


class Unauthorized(NsadminError):
    """The request is not signed in, or its key is wrong, revoked or expired."""

    status = 401
    type = "UnauthorizedError"
    default_code = "unauthorized"


class Forbidden(NsadminError):
    """The actor may see the thing but not do this to it."""

    status = 403
    type = "ForbiddenError"
    default_code = "forbidden"


class NotEnabled(Forbidden):
    """The organization's plan does not include this."""

    type = "NotEnabledError"
    default_code = "not_enabled"


class QuotaExceeded(Forbidden):
    """A limit of the organization's plan is reached."""

    type = "QuotaExceededError"
    default_code = "quota_exceeded"


class PasswordNeeded(NsadminError):
    """The actor may do this, but only right after giving the password again."""

    status = 422
    type = "PasswordNeededError"
    default_code = "password_needed"


class NotFound(NsadminError):
    """The thing does not exist, or the actor may not know that it does."""

    status = 404
    type = "NotFoundError"
    default_code = "not_found"


class Conflict(NsadminError):
    """The state of the thing forbids the change (name taken, locked, busy)."""

    status = 409
    type = "AlreadyExistsError"
    default_code = "conflict"


class CollectionGone(Conflict):
    """Qdrant has no collection for the namespace, so nothing in it can change."""

    type = "QdrantError"
    default_code = "collection_missing"


class PlanChanged(Conflict):
    """The plan that was shown is not the plan that would be carried out now.

    `details["plan"]` is the new plan as JSON-ready data.
    """

    default_code = "plan_moved"


class PreconditionFailed(NsadminError):
    """`If-Match` names another revision than the stored one."""

    status = 412
    type = "PreconditionFailedError"
    default_code = "stale_revision"


class LengthRequired(NsadminError):
    """The body comes in chunks, which are not read."""

    status = 411
    type = "BadRequestError"
    default_code = "length_required"


class TooLarge(NsadminError):
    """The body exceeds the limit."""

    status = 413
    type = "BadRequestError"
    default_code = "body_too_large"


class WrongMedia(NsadminError):
    """The body is of a media type that is not accepted."""

    status = 415
    type = "BadRequestError"
    default_code = "unsupported_media_type"


class Invalid(NsadminError):
    """The request was read, but what it says is not acceptable.

    `errors` maps a field path such as `payload_indexes.0.field_name` to messages;
    the empty path is for errors of the whole.
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
        """The sentence with its place before it, for who sees no form beside it."""
        places = (at for at, said in self.errors.items() if self.message in said)
        path = next(places, "")
        is_placed = not path or self.message.startswith(f"{path}:")
        return self.message if is_placed else f"{path}: {self.message}"


class RateLimited(NsadminError):
    """The caller asks too often; `details["retry_after"]` is in seconds."""

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
    """A store answered and said no; trying again as it is cannot help."""

    status = 502
    type = "QdrantError"
    default_code = "store_refused"
