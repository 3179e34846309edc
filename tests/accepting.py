"""A change that is accepted and then left: what a crash right afterwards leaves."""

from nsadmin.namespaces.change.compare_and_set import (
    TooManyWriters,
    accepted_document,
    write_document,
)
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.schema.document import Namespace, Raw


def accept(namespace: Namespace, plan: Plan, op_id: str) -> Raw | None:
    """Write the plan's document if nothing moved since it was read; None if it did."""

    def gone() -> Namespace | None:
        return None

    def change(stored: Namespace) -> Raw | None:
        return accepted_document(stored, plan, op_id)

    try:
        return write_document(gone, change, first=namespace, op_id=op_id, tries=1)
    except TooManyWriters:
        return None
