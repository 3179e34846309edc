"""The verification of an organization's audit log, shown on its page."""

from dataclasses import dataclass

from django.utils import timezone

from nsadmin.audit import verify
from nsadmin.audit.verify import Fault

# A longer chain takes too long for a page; the command verifies it.
MOST_ENTRIES = 50_000
_FAULTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Proof:
    """The result; `faults` is empty for an intact log, `is_too_long` for an unread one.

    `head` is the hash to note down: a later verification can be compared with it.
    """

    count: int
    head: str
    faults: tuple[Fault, ...]
    fault_count: int
    is_too_long: bool
    at: object


def proof_of(organization_id: str) -> Proof:
    """Verify the chain of an organization, unless it is too long for a page."""
    count = verify.length(organization_id)
    if count > MOST_ENTRIES:
        return Proof(count, "", (), 0, is_too_long=True, at=timezone.now())
    found = verify.verify(organization_id)
    return Proof(
        count=found.count,
        head=found.head,
        faults=found.faults[:_FAULTS_SHOWN],
        fault_count=len(found.faults),
        is_too_long=False,
        at=timezone.now(),
    )
