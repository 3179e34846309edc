"""The id of the request that is being served, for logs and audit rows."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
