"""The preview of a change, and the result of ensuring indexes."""

from typing import Literal, Self

from pydantic import BaseModel, Field

from nsadmin.moves.preview import Forecast
from nsadmin.namespaces.change.commit import Preview
from nsadmin.namespaces.change.preflight_checks import Check
from nsadmin.namespaces.plan.plan import Plan


class PlanStep(BaseModel, extra="allow"):
    """One step; its other keys depend on the kind."""

    kind: str
    store: str
    sentence: str


class PlanWarning(BaseModel):
    """A consequence to know before the change."""

    sentence: str
    needs_tick: bool


class PlanModel(BaseModel):
    """The steps of a change, in order."""

    namespace_id: str
    revision: int
    digest: str
    steps: list[PlanStep]
    warnings: list[PlanWarning]

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Return a plan in the form in which the audit keeps its steps."""
        written = plan.to_json()
        written["steps"] = [PlanStep.model_construct(**s) for s in written["steps"]]
        written["warnings"] = [
            PlanWarning.model_construct(**w) for w in written["warnings"]
        ]
        return cls.model_construct(**written)


class PreflightCheck(BaseModel):
    """One check before a namespace moves to another cluster."""

    name: Literal["plan", "address", "qdrant", "key", "vectors", "ray", "jobs"]
    state: Literal["ok", "unknown", "blocks"] = Field(
        description="`blocks`: the change would be refused just now."
    )
    title: str
    sentence: str

    @classmethod
    def of(cls, check: Check) -> Self:
        """Return a check's result."""
        return cls.model_construct(
            name=check.name,
            state=check.state,
            title=check.title,
            sentence=check.sentence,
        )


class MoveShard(BaseModel):
    """How one shard of the collection would be moved."""

    id: int
    way: Literal["snapshot", "stream", "pages"]
    points: int | None


def _whole(found: Forecast) -> list[float] | None:
    if found.fast_s is None or found.slow_s is None:
        return None
    return [round(found.fast_s, 1), round(found.slow_s, 1)]


class MoveForecast(BaseModel):
    """What a move of the points would take; null where it is not known."""

    way: Literal["snapshot", "stream", "pages", "mixed"] | None = Field(
        description="Null where the old collection is there and is only compared."
    )
    reasons: list[str] = Field(description="Why no faster way is used.")
    shards: list[MoveShard]
    points: int | None
    bytes: int | None
    sent_bytes: int | None = Field(
        description="What is sent, indexes included; null where none was measured."
    )
    seconds: float | None = Field(description="An estimate for the transfer alone.")
    whole_seconds: list[float] | None = Field(
        description="Least and most for the whole move, with its proof and the switch."
    )
    disk: str | None
    losses: list[str] = Field(description="What the new cluster cannot keep.")
    fallback_days: int = Field(description="How long the old collection is kept.")

    @classmethod
    def of(cls, found: Forecast) -> Self:
        """Return the forecast of a move."""
        chosen = found.choice
        shards = chosen.shards if chosen else ()
        return cls.model_construct(
            way=chosen.way if chosen else None,
            reasons=chosen.reasons if chosen else [],
            shards=[
                MoveShard.model_construct(id=s.id, way=s.way, points=s.points)
                for s in shards
            ],
            points=chosen.points if chosen else None,
            bytes=chosen.bytes if chosen else None,
            sent_bytes=chosen.sent if chosen else None,
            seconds=chosen.seconds if chosen else None,
            whole_seconds=_whole(found),
            disk=chosen.disk if chosen else None,
            losses=found.losses,
            fallback_days=found.fallback_days,
        )


class DryRun(BaseModel):
    """The response to `dry_run=true`; nothing was written to the namespace.

    The plan is kept for seven days: it can be read and confirmed by its id.
    """

    dry_run: Literal[True]
    plan: PlanModel
    plan_id: str = Field(description="Reads and confirms the plan.")
    plan_url: str = Field(description="The address of the plan's page.")
    qdrant_silent: bool = Field(
        description="Qdrant did not answer, so the change would be refused just now."
    )
    checks: list[PreflightCheck] = Field(
        description="Where the change moves the namespace to another cluster, or makes "
        "it on one."
    )
    move: MoveForecast | None = Field(
        description="Only where a job would move the points; null if it is not known."
    )

    @classmethod
    def of(
        cls,
        preview: Preview,
        forecast: Forecast | None = None,
        *,
        plan_id: str,
        plan_url: str,
    ) -> Self:
        """Return the preview of a change, with the id of the plan."""
        return cls.model_construct(
            dry_run=True,
            plan=PlanModel.of(preview.plan),
            plan_id=plan_id,
            plan_url=plan_url,
            qdrant_silent=preview.qdrant_silent,
            checks=[PreflightCheck.of(check) for check in preview.checks],
            move=None if forecast is None else MoveForecast.of(forecast),
        )


class EnsuredIndexes(BaseModel):
    """The result of ensuring indexes; each declared index is counted once."""

    namespace_id: str
    ensured: int = Field(description="Present, or created by this call.")
    rebuilt: int = Field(description="Dropped and rebuilt by this call.")
    skipped: int = Field(description="Not present yet; it is built after the response.")
    created: int = Field(
        description="Deprecated: ensured and rebuilt together.", deprecated=True
    )
