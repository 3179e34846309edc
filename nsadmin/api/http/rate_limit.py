"""Rate limits of the API: by key, or by address without one, and by organization.

While Redis does not answer, every request is let through.
"""

import time

from django.conf import settings
from django.http import HttpRequest

from nsadmin.access.keys import allowances
from nsadmin.access.keys.allowances import Allowance
from nsadmin.errors import RateLimited


def headers(allowance: Allowance) -> dict[str, str]:
    """Return the four response headers of what is left."""
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Reset": str(allowance.resets_at),
        "X-RateLimit-Window": str(allowance.window),
    }


def spend(request: HttpRequest, *subject: str) -> None:
    """Count this request for a key or address; raise RateLimited beyond the limit."""
    allowance = allowances.spend(settings.NSADMIN_RATE_LIMIT, *subject)
    if allowance is not None:
        request.allowance = allowance  # type: ignore[attr-defined]
        _require(allowance)


def spend_of_organization(request: HttpRequest, organization_id: str) -> None:
    """Count this request for its organization; raise RateLimited beyond the limit.

    An organization could raise its limit with more keys otherwise. The headers of an
    answer are those of the key, unless the organization's limit is reached.
    """
    limit = settings.NSADMIN_ORGANIZATION_RATE_LIMIT
    allowance = allowances.spend(limit, "organization", organization_id)
    if allowance is not None and not allowance.is_within:
        request.allowance = allowance  # type: ignore[attr-defined]
        _require(allowance)


def _require(allowance: Allowance) -> None:
    if not allowance.is_within:
        left = allowance.resets_at - int(time.time())
        wait = min(max(left, 1), allowance.window)
        raise RateLimited(
            f"At most {allowance.limit:,} requests in {allowance.window:,} seconds; "
            f"try again in {wait:,} seconds.",
            details={
                "limit": allowance.limit,
                "window": allowance.window,
                "retry_after": wait,
            },
        )
