"""Jobs whose next step cannot be undone, so a person cannot cancel them any more."""

from collections.abc import Mapping
from typing import Any, Final

from nsadmin.jobs.models import Job

# Entry of the cursor: the job has begun what cannot be taken back.
COMMITTED: Final = "committed"


def is_committed(cursor: Mapping[str, Any]) -> bool:
    """Tell whether a job has saved that it goes on to its end."""
    return cursor.get(COMMITTED) is True


def must_stop(job: Job) -> bool:
    """Tell whether a job was cancelled in time, or aborted by the program.

    An aborted job has an error before it has ended, a cancelled one has none.
    """
    return job.cancel_requested and (bool(job.error) or not is_committed(job.cursor))
