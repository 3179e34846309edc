"""The request that is being served, for logs and audit rows; empty outside of one."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
# The IP address of the sender, as the room of access reads it behind proxies.
client_address: ContextVar[str] = ContextVar("client_address", default="")
