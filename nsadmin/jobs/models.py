"""Rows of jobs, their log lines, and the runs of schedules."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone

from nsadmin.jobs import queues


class State(models.TextChoices):
    """The state of a job; the last three are final."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


# Longest texts of the columns below; longer ones are cut when they are written.
MAX_TITLE_LENGTH = 300
MAX_ERROR_LENGTH = 2000
MAX_UPSTREAM_LENGTH = 2000
MAX_CODE_LENGTH = 64
MAX_REFERENCE_LENGTH = 32
MAX_WAITING_LENGTH = 300
MAX_EVENT_LENGTH = 500
MAX_RUN_ERROR_LENGTH = 500
MAX_ITEM_LENGTH = 255
LIVE = (State.QUEUED, State.RUNNING)
FINAL = (State.DONE, State.FAILED, State.CANCELLED)


class Job(models.Model):
    """One background job.

    `kind` names a registered runner. `inputs` never changes; `cursor` is the position
    from which the runner continues; `outputs` is the result; `progress` is shown on
    pages: {"stages": [{"key", "title", "weight", "state", "done", "total", "unit",
    "seconds"}], "percent": int, "rate": float, "left_s": float,
    "history": [[time, rate]], "every_s": int, "moved_at": time}.

    `owner` holds the lease until `lease_until`. `epoch` grows each time the job is
    queued again, so that writes of an earlier owner match no row. `attempts` counts
    crashes since the cursor last moved. `waits` counts pauses because a store does not
    answer since `away_since`; `waiting` is the message about it. `run_after` is the
    earliest time of the next slice, `sent_at` the time of the last Celery message.

    `queue` is the Celery queue of its messages. `slot` is the number of its slot among
    those of the organization; None while it holds none. `max_concurrent` is the number
    of jobs at once that its namespace allows; None is no limit.

    `error` is our sentence about why a job failed and `error_code` the code of the
    error; `upstream` is what the refusing server said, `reference` the id under which
    an unexpected error stands in the log. `cancelled_by` is the label of the person
    who cancelled it. `seen_at` is when the person who started the job saw its end.

    A final job is `settled` once its kind has recorded the end elsewhere (in a clone's
    namespace, in the audit log). A resumed job did not run between its end and
    `resumed_at`; `earlier_s` is its running time in seconds until that end.
    """

    job_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=32)
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    organization_id = models.CharField(max_length=64)
    internal_id = models.CharField(max_length=64)
    namespace_id = models.CharField(max_length=128, blank=True)
    namespace_name = models.CharField(max_length=128, blank=True)
    source_namespace_id = models.CharField(max_length=128, blank=True)
    title = models.CharField(max_length=MAX_TITLE_LENGTH)
    actor_kind = models.CharField(max_length=8)
    actor_id = models.CharField(max_length=64)
    actor_label = models.CharField(max_length=254)
    request_id = models.CharField(max_length=64, blank=True)
    op_id = models.CharField(max_length=64, blank=True)
    inputs = models.JSONField(default=dict)
    cursor = models.JSONField(default=dict)
    progress = models.JSONField(default=dict)
    outputs = models.JSONField(default=dict)
    error = models.CharField(max_length=MAX_ERROR_LENGTH, blank=True)
    error_code = models.CharField(max_length=MAX_CODE_LENGTH, blank=True)
    upstream = models.CharField(max_length=MAX_UPSTREAM_LENGTH, blank=True)
    reference = models.CharField(max_length=MAX_REFERENCE_LENGTH, blank=True)
    queue = models.CharField(max_length=16, default=queues.JOBS)
    slot = models.PositiveSmallIntegerField(null=True, blank=True)
    max_concurrent = models.PositiveSmallIntegerField(null=True, blank=True)
    epoch = models.IntegerField(default=0)
    attempts = models.IntegerField(default=0)
    waits = models.IntegerField(default=0)
    away_since = models.DateTimeField(null=True, blank=True)
    waiting = models.CharField(max_length=MAX_WAITING_LENGTH, blank=True)
    owner = models.CharField(max_length=128, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(default=timezone.now)
    run_after = models.DateTimeField(default=timezone.now)
    cancel_requested = models.BooleanField(default=False)
    cancelled_by = models.CharField(max_length=254, blank=True)
    settled = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    resumed_at = models.DateTimeField(null=True, blank=True)
    earlier_s = models.FloatField(default=0.0)
    ended_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization_id", "slot"], name="one_job_per_slot"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "lease_until"], name="job_due"),
            models.Index(fields=["settled", "state", "run_after"], name="job_settling"),
            models.Index(fields=["organization_id", "-created_at"], name="job_by_org"),
            models.Index(fields=["namespace_id"], name="job_by_namespace"),
            # For each second's sweep: who waits, and who has slots.
            models.Index(
                fields=["state", "slot", "organization_id", "run_after"],
                name="job_waiting",
            ),
            models.Index(
                fields=["organization_id"],
                condition=models.Q(slot__isnull=False),
                name="job_holding",
            ),
            # For the numbers of live jobs in the frame of every page.
            models.Index(
                fields=["organization_id", "state", "started_at"], name="job_live"
            ),
            # For the number of ended jobs that a person has not seen, there as well.
            models.Index(
                fields=["organization_id", "actor_id"],
                condition=models.Q(seen_at__isnull=True),
                name="job_unseen",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"

    @property
    def is_live(self) -> bool:
        """Whether the job is queued or running."""
        return self.state in LIVE

    @property
    def full_error(self) -> str:
        """The error, followed by what the refusing server said."""
        return f"{self.error} {self.upstream}".strip()

    def running_s(self, now: datetime) -> float | None:
        """Return the running time in seconds; None for a job that has not started."""
        since = self.resumed_at or self.started_at
        if since is None:
            return None
        return self.earlier_s + ((self.ended_at or now) - since).total_seconds()


class JobEvent(models.Model):
    """A line of a job's log, newest first; `role` is its color on the page."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    role = models.CharField(max_length=8, default="idle")
    sentence = models.CharField(max_length=MAX_EVENT_LENGTH)

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.sentence


class ScheduleRun(models.Model):
    """One run of a schedule; `slot` is unique, so that two workers cannot both run it.

    `by` is the email address of the person who requested the run, empty for Celery
    beat. `result` has counts of the work done, `error` is the message of a failed run.
    A run that has no end long after its start died with its worker; the next slot does
    not wait for it.
    """

    name = models.CharField(max_length=32)
    slot = models.CharField(max_length=40)
    by = models.CharField(max_length=254, blank=True)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=MAX_RUN_ERROR_LENGTH, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "slot"], name="one_run_per_slot")
        ]
        indexes: ClassVar = [
            models.Index(fields=["name", "-asked_at"], name="schedule_run_latest")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.slot}"


class ScheduleLease(models.Model):
    """Which run of a schedule is going on: one at a time.

    `owner` has it until `until`, and renews it; both are empty between two runs. The
    run began at `since`; `skipped` starts of the schedule were skipped since then, the
    last one at `skipped_at`.
    """

    name = models.CharField(max_length=32, primary_key=True)
    owner = models.CharField(max_length=64, blank=True)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    skipped = models.PositiveIntegerField(default=0)
    skipped_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class TurnPlace(models.Model):
    """Where the next turn of a loop over many items goes on: behind the key `after`.

    It is empty after a turn that met every item.
    """

    loop = models.CharField(max_length=MAX_ITEM_LENGTH, primary_key=True)
    after = models.CharField(max_length=MAX_ITEM_LENGTH, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.loop


class ItemFailure(models.Model):
    """What fails at one item of a loop over many, such as one namespace of all.

    `loop` is the name of the loop, `kind` and `item` say what failed there. `times`
    counts the failures since the row was made. The row is closed by `resolved_at` once
    the item succeeds; a later failure opens it again with a new `first_seen`.
    """

    loop = models.CharField(max_length=32)
    kind = models.CharField(max_length=16)
    item = models.CharField(max_length=MAX_ITEM_LENGTH)
    message = models.CharField(max_length=MAX_RUN_ERROR_LENGTH)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    times = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["loop", "kind", "item"], name="one_row_per_failing_item"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "item"], name="item_failure_by_item"),
            models.Index(fields=["resolved_at"], name="item_failure_open"),
        ]

    def __str__(self) -> str:
        return f"{self.loop}: {self.kind} {self.item}"
