"""What a change would do, and what ensuring indexes came to."""

from typing import Literal

from pydantic import BaseModel, Field


class PlanStep(BaseModel, extra="allow"):
    """One step; its other keys depend on the kind."""

    kind: str
    store: str
    sentence: str


class PlanWarning(BaseModel):
    """What to know before."""

    sentence: str
    needs_tick: bool


class PlanModel(BaseModel):
    """What a change would do, in order."""

    namespace_id: str
    revision: int
    digest: str
    steps: list[PlanStep]
    warnings: list[PlanWarning]


class PreflightCheck(BaseModel):
    """One thing that was looked at before a namespace runs elsewhere."""

    name: Literal["plan", "address", "qdrant", "key", "vectors", "ray", "jobs"]
    state: Literal["ok", "unknown", "blocks"] = Field(
        description="What blocks would refuse the change just now."
    )
    title: str
    sentence: str


class DryRun(BaseModel):
    """The answer to `dry_run=true`; nothing was written."""

    dry_run: Literal[True]
    plan: PlanModel
    qdrant_silent: bool = Field(
        description="Qdrant did not answer, so the change would be refused just now."
    )
    checks: list[PreflightCheck] = Field(
        description="Only where the change moves the namespace to another cluster."
    )


class EnsuredIndexes(BaseModel):
    """What ensuring the indexes came to; each declared index is counted once."""

    namespace_id: str
    ensured: int = Field(description="There, if need be built by this call.")
    rebuilt: int = Field(description="Dropped and built anew by this call.")
    skipped: int = Field(description="Not there yet; it is built after the answer.")
    created: int = Field(
        description="Deprecated: ensured and rebuilt together.", deprecated=True
    )
