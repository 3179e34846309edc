"""The one error envelope, and which exception becomes which error.

{"success": false, "status": 404,
 "error": {"message", "type", "code", "details": {…, "request_id"}}}
"""

from typing import Any

import orjson
import structlog
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from redis.exceptions import RedisError, ResponseError

from nsadmin.access.actor import Actor
from nsadmin.api.http.responses import json_default
from nsadmin.api.schemas.errors import ErrorBody, ErrorDetails, ErrorEnvelope
from nsadmin.errors import (
    BadRequest,
    Forbidden,
    Invalid,
    NotFound,
    NsadminError,
    TooLarge,
    Unauthorized,
    Unavailable,
)

_NEEDS_SESSION = (
    "What belongs to another organization is seen only during a support session of the "
    "key's creator: ask for one at /support/new/."
)
log = structlog.get_logger(__name__)


class MethodNotAllowedError(NsadminError):
    """The address exists, but not for this method; `Allow` names the others."""

    status = 405
    type = "MethodNotAllowedError"
    default_code = "method_not_allowed"


def envelope_response(request: HttpRequest, error: NsadminError) -> HttpResponse:
    """Return the response of an error, with the headers that belong to it."""
    details = {
        **error.details,
        "request_id": getattr(request, "request_id", None),
    }
    message = error.placed if isinstance(error, Invalid) else error.message
    if isinstance(error, NotFound) and _may_need_session(request, error):
        details["support_session"] = "needed"
        message = f"{message} {_NEEDS_SESSION}"
    envelope = ErrorEnvelope.model_construct(
        success=False,
        status=error.status,
        error=ErrorBody.model_construct(
            message=message,
            type=error.type,
            code=error.code,
            details=ErrorDetails.model_construct(**details),
        ),
    )
    response = HttpResponse(
        orjson.dumps(envelope, default=json_default),
        status=error.status,
        content_type="application/json",
    )
    for name, value in _headers(error).items():
        response.headers[name] = value
    return response


def _may_need_session(request: HttpRequest, error: NotFound) -> bool:
    """Tell whether staff ask for data that a support session could show.

    It does not depend on what is there, so it does not tell that either.
    """
    actor: Actor | None = getattr(request, "actor", None)
    is_staff = actor is not None and actor.is_staff and not actor.sees_all
    return is_staff and "resource" in error.details


def _headers(error: NsadminError) -> dict[str, str]:
    if error.status == 401:
        return {"WWW-Authenticate": 'Bearer realm="nsadmin"'}
    if error.status == 412 and "etag" in error.details:
        return {"ETag": f'"{error.details["etag"]}"'}
    if error.retry_after is not None:
        return {"Retry-After": str(error.retry_after)}
    return {}


def to_nsadmin_error(exception: Exception) -> NsadminError:
    """Return the error for an exception; an unexpected exception is logged."""
    match exception:
        case NsadminError():
            return exception
        case Http404():
            return error_for_status(404)
        case AuthenticationError():
            return Unauthorized("Send an API key as Authorization: Bearer sk_….")
        case ValidationError():
            return _invalid(exception.errors)
        case HttpError():
            return error_for_status(exception.status_code)
        case RequestDataTooBig():
            return error_for_status(413)
        case SuspiciousOperation() | UnreadablePostError():
            return error_for_status(400)
        case RedisError():
            return _redis_unavailable(exception)
        case OperationalError() | InterfaceError():
            return _unavailable("database", "The database does not answer.")
    log.error("api.unexpected", exc_info=exception)
    return error_for_status(500)


def _redis_unavailable(exception: RedisError) -> NsadminError:
    if isinstance(exception, ResponseError):  # it answers, and does not do it
        return _unavailable("redis", "Redis refuses writes; it may be full.")
    return _unavailable("redis", "Redis does not answer.")


def error_for_status(status: int) -> NsadminError:
    """Return the error for a status that Django or the framework has chosen."""
    match status:
        case 401:
            return Unauthorized("Send an API key as Authorization: Bearer sk_….")
        case 403:
            return Forbidden("This is not allowed.")
        case 404:
            return NotFound("There is nothing at this address.")
        case 405:
            return MethodNotAllowedError("This address does not accept this method.")
        case 413:
            return TooLarge("The request is too large.")
        case 503:
            return Unavailable("The service is not available now. Try again.")
    if status < 500:
        return BadRequest("The request cannot be read.")
    return NsadminError(
        "An internal error occurred. It is logged under the request id."
    )


def _unavailable(store: str, message: str) -> Unavailable:
    log.warning("api.store_away", store=store)
    return Unavailable(message, details={"store": store})


def _invalid(errors: list[dict[str, Any]]) -> Invalid:
    messages: dict[str, list[str]] = {}
    for item in errors:
        path = ".".join(str(part) for part in item["loc"])
        messages.setdefault(path, []).append(str(item["msg"]))
    return Invalid("The request is not acceptable.", errors=messages)


def _error_response(request: HttpRequest, exception: Any) -> HttpResponse:
    return envelope_response(request, to_nsadmin_error(exception))


def install(api: NinjaAPI) -> None:
    """Answer every exception of an operation with the envelope."""
    for kind in (Exception, Http404, HttpError, ValidationError):
        api.add_exception_handler(kind, _error_response)
