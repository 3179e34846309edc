"""Reports of unexpected errors for Sentry, without what may be a secret.

Local variables, lines of source, bodies, headers, cookies, queries and breadcrumbs are
never collected; of what is left every text is scrubbed.
"""

from typing import Any

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.types import Event, Hint

from nsadmin.observability.scrubbing import scrubbed

_LEFT_OUT = ("breadcrumbs", "extra", "user", "server_name", "modules")


def start() -> None:
    """Report unexpected errors of this process.

    `ReportHandler` reports those that are caught and logged; a line as a whole would
    differ each time, so that no two reports would be of one kind.
    """
    sentry_sdk.init(
        dsn=settings.NSADMIN_SENTRY_DSN,
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=_without_secrets,
        integrations=[LoggingIntegration(level=None, event_level=None)],
    )


def _without_secrets(event: Event, hint: Hint) -> Event | None:  # noqa: ARG001
    """Return the event with the harmless parts alone."""
    whole: dict[str, Any] = dict(event)
    for name in _LEFT_OUT:
        whole.pop(name, None)
    if "request" in whole:
        whole["request"] = {
            key: whole["request"][key]
            for key in ("method", "url")
            if key in whole["request"]
        }
    cleaned: Event = _scrub(whole)
    return cleaned


def _scrub(value: Any) -> Any:
    if isinstance(value, str):
        return scrubbed(value)
    if isinstance(value, dict):
        return {key: _scrub(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_scrub(part) for part in value]
    return value
