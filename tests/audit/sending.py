"""Being in a request from an address, for what is called without one."""

from collections.abc import Iterator
from contextlib import contextmanager

from nsadmin.audit import request_context


@contextmanager
def sent_from(address: str) -> Iterator[None]:
    """Let the audit record the address for what the block does."""
    reset = request_context.client_address.set(address)
    try:
        yield
    finally:
        request_context.client_address.reset(reset)
