"""Hands log lines of the level ERROR to the error reports."""

import logging
import sys

# Fields of a line that help to find it again, and hold no value of a customer.
_TAGS = ("reference", "request_id", "route", "schedule", "loop", "kind", "epoch")


class ReportHandler(logging.Handler):
    """Reports the exception that is being handled, else the line's event alone.

    Only the settings name this class, where NSADMIN_SENTRY_DSN is set.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Send one report."""
        try:
            import sentry_sdk
        except ModuleNotFoundError:  # the checks refuse to serve then
            return
        line = record.msg if isinstance(record.msg, dict) else {"event": record.msg}
        with sentry_sdk.new_scope() as scope:
            scope.set_tag("event", str(line.get("event", "")))
            for name in _TAGS:
                if name in line:
                    scope.set_tag(name, str(line[name]))
            failure = sys.exc_info()[1]
            if failure is not None:
                sentry_sdk.capture_exception(failure)
            else:
                sentry_sdk.capture_message(str(line.get("event", "")), level="error")
