"""Counts MongoDB's commands and the heartbeats that its driver misses."""

from pymongo import monitoring

from nsadmin import meters


class CommandMeter(monitoring.CommandListener):
    """Counts the commands that ended, with their seconds."""

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Do nothing yet: the end tells the duration."""

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Count a command that was answered."""
        meters.count_command(event.command_name, event.duration_micros / 1e6)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Count a command that the server refused, or did not answer."""
        meters.count_command(event.command_name, event.duration_micros / 1e6)
        is_answered = "ok" in event.failure or "code" in event.failure
        meters.count_failed_command(
            event.command_name, "refused" if is_answered else "no_answer"
        )


class HeartbeatMeter(monitoring.ServerHeartbeatListener):
    """Counts heartbeats without an answer.

    While no server answers, no command begins, so its failures would not be seen.
    """

    def started(self, event: monitoring.ServerHeartbeatStartedEvent) -> None:
        """Do nothing yet: the end tells the outcome."""

    def succeeded(self, event: monitoring.ServerHeartbeatSucceededEvent) -> None:
        """Do nothing: commands tell how fast the server is."""

    def failed(self, event: monitoring.ServerHeartbeatFailedEvent) -> None:  # noqa: ARG002
        """Count it."""
        meters.count_failed_command("heartbeat", "no_answer")


def listeners() -> list[CommandMeter | HeartbeatMeter]:
    """Return what a client is to tell of its commands."""
    return [CommandMeter(), HeartbeatMeter()]
