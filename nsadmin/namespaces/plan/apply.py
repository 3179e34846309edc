"""The document as accepted steps make it. Pure."""

from collections.abc import Sequence

from nsadmin.namespaces.plan.steps import Step
from nsadmin.namespaces.schema.document import Raw


def apply_steps(raw: Raw, steps: Sequence[Step], *, sealed: Raw | None = None) -> Raw:
    """Return the document once the steps are accepted; `raw` stays as it was.

    `sealed` is the secret that a step stores: no step carries it.
    """
    after = dict(raw)
    for step in steps:
        after = step.apply(after, sealed=sealed)
    return after
