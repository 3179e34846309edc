"""The nightly verification of the audit: the chain of each organization."""

from typing import Final

import structlog

from nsadmin.audit.verify import Verdict, organizations, record_check, verify
from nsadmin.jobs import items
from nsadmin.jobs.schedules import turn

log = structlog.get_logger(__name__)

SCHEDULE: Final = "audit_verify"


def run() -> dict[str, int]:
    """Verify every chain; count the verified, broken, left out and failed ones.

    Each broken chain is an error in the log, with its first broken row. A run goes on
    after the last chain of the one before. The metrics are told of the run if it
    verified every chain before its turn was over.
    """
    verdicts: list[Verdict] = []
    known = organizations()
    due = turn.Turn.of(SCHEDULE, known, key=str)
    tally = items.each(
        SCHEDULE,
        due,
        lambda organization_id: verdicts.append(_verified(organization_id)),
        key=str,
        kind="organization",
        is_complete=lambda: due.is_complete,
    )
    if len(verdicts) == len(known):
        record_check(verdicts)
    return {
        "chains": len(verdicts),
        "broken": sum(bool(verdict.faults) for verdict in verdicts),
        "left": len(known) - tally.done - tally.failed,
        "failed": tally.failed,
    }


def _verified(organization_id: str) -> Verdict:
    verdict = verify(organization_id)
    if verdict.faults:
        first = verdict.faults[0]
        log.error(
            "audit_chain_broken",
            organization_id=organization_id,
            entry=first.number,
            op_id=first.op_id,
            reason=first.sentence,
            faults=len(verdict.faults),
        )
    return verdict
