"""What the report says of a copy that came as a whole."""

from datetime import UTC, datetime
from typing import Any

from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.copy.points import COPIED_KEY
from nsadmin.clones.verify import copy_proof

Json = dict[str, Any]


def sentence(context: CopyContext) -> str:
    """Say of which instant the copy is, and what the source has had since."""
    proof = copy_proof.proven(context)
    at = datetime.fromisoformat(context.job.cursor[COPIED_KEY]["copied_at"])
    start = f"The copy is of {at.astimezone(UTC):%H:%M:%S} UTC"
    if proof.is_source_unwritten:
        return f"{start}; nothing shows that the source was written since."
    return (
        f"{start}; the source has had {_points(proof.added)} added and "
        f"{_points(proof.removed)} removed since, and {proof.written_since:,} of the "
        f"{proof.compared:,} sampled points were written during the copy."
    )


def _points(count: int) -> str:
    return "1 point" if count == 1 else f"{count:,} points"


def sample_row(context: CopyContext) -> Json:
    """Return the row about the vectors of sampled points, and keep its numbers."""
    proof = copy_proof.proven(context)
    context.job.outputs["vector_sample"] = {
        "compared": proof.compared,
        "equal": proof.equal,
        "written_since": proof.written_since,
    }
    unwritten = proof.compared - proof.written_since
    return {
        "what": "Vectors of sampled points, bit by bit",
        "source": unwritten,
        "clone": proof.equal,
        "equal": unwritten == proof.equal,
    }
