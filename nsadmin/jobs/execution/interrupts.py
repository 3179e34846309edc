"""Why a runner has to stop between two steps; a runner lets these pass through."""


class Stop(Exception):
    """Base of all reasons."""


class Lost(Stop):
    """Somebody else holds the job now; nothing more may be written."""


class Cancelled(Stop):
    """A person asked for the end."""


class SliceOver(Stop):
    """Time to give the worker to others; the job goes on from its cursor."""
