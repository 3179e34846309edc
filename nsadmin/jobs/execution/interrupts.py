"""Exceptions that stop a runner between two steps; a runner must not catch them."""


class Interrupt(Exception):
    """Base of the reasons to stop."""


class LeaseLost(Interrupt):
    """Another worker has the job; this one may write nothing more."""


class CancelRequested(Interrupt):
    """A person cancelled the job, or the program aborts it."""


class SliceExpired(Interrupt):
    """The slice's time is up; the job is queued again and continues from its cursor."""
