"""One change of each kind, and the invariants that must hold after any fault."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from nsadmin.access.actor import SYSTEM
from nsadmin.access.models import Organization
from nsadmin.audit import record
from nsadmin.audit.models import AuditEvent, Outcome
from nsadmin.errors import NsadminError
from nsadmin.namespaces.change import commit as changes
from nsadmin.namespaces.models import HealingTurn, MirroredNamespace
from nsadmin.namespaces.plan.plan import apply_steps
from nsadmin.namespaces.plan.steps import AddVector, CreateIndex, DropIndex, Step
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace

Json = dict[str, Any]

_TEXT = {
    "type": "text",
    "tokenizer": "word",
    "min_token_len": 2,
    "max_token_len": 15,
    "lowercase": True,
}
_RANK = {"type": "integer", "lookup": True, "range": True}
_BOOKKEEPING = {
    "revision",
    "observed_revision",
    "updated_at",
    "name_key",
    "changes",
    "pending",
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of change: the namespace before it, and the body of the patch."""

    kind: str
    body: Json
    indexes: dict[str, Json] = field(default_factory=dict)
    extra: Json = field(default_factory=dict)


SCENARIOS = {
    scenario.kind: scenario
    for scenario in (
        Scenario("set fields", {"namespace_name": "renamed", "description": "New."}),
        Scenario(
            "create an index",
            {"payload_indexes": [{"field_name": "rank", "type": "integer"}]},
        ),
        Scenario("drop an index", {"payload_indexes": []}, indexes={"rank": _RANK}),
        Scenario(
            "change an index",
            {
                "payload_indexes": [
                    {
                        "field_name": "title",
                        "field_schema": {**_TEXT, "lowercase": False},
                    }
                ]
            },
            indexes={"title": _TEXT},
        ),
        Scenario(
            "append an extractor",
            {
                "feature_extractors": [
                    {"feature_extractor_name": "text_extractor", "version": "v1"}
                ]
            },
        ),
        Scenario(
            "repair vectors",
            {"repair_vectors": True},
            extra={
                "feature_extractors": [
                    {"feature_extractor_name": name, "version": "v1"}
                    for name in ("face_identity_extractor", "image_extractor")
                ]
            },
        ),
    )
}


def content(raw: Json) -> Json:
    """The document without its change history and timestamps."""
    return {key: value for key, value in raw.items() if key not in _BOOKKEEPING}


@dataclass(frozen=True, slots=True)
class Shape:
    """The vectors and indexes of a collection, defaults filled in."""

    vectors: dict[str, tuple[int, str]]
    indexes: dict[str, Json]

    def after(self, steps: tuple[Step, ...]) -> "Shape":
        """The shape once the steps are done."""
        vectors, indexes = dict(self.vectors), dict(self.indexes)
        for step in steps:
            if isinstance(step, AddVector):
                vectors[step.name] = (step.size, step.distance)
            elif isinstance(step, DropIndex):
                del indexes[step.field]
            elif isinstance(step, CreateIndex):
                indexes[step.field] = _full(step.schema["type"], step.schema)
        return Shape(vectors, indexes)


def _full(kind: Any, params: Json) -> Json:
    # Qdrant shows some parameters as null when they are not set.
    stated = {key: value for key, value in params.items() if value is not None}
    return {**INDEX_DEFAULTS[kind], **stated, "type": kind}


def shape_of(collection: str) -> Shape:
    """The shape as Qdrant shows it now."""
    live = collections.get(shared(), collection)
    assert live is not None
    return Shape(
        {name: (v.size, v.distance) for name, v in live.vectors.items()},
        {name: _full(i.type, i.params) for name, i in live.indexes.items()},
    )


def let_time_pass(namespace_id: str) -> None:
    """Make open audit rows two minutes old, and release a dead process's lock."""
    past = timezone.now() - timedelta(seconds=120)
    events = AuditEvent.objects.filter(namespace_id=namespace_id)
    events.filter(outcome__in=("attempted", "accepted")).update(at=past)
    HealingTurn.objects.update(next_try_at=past)
    redis.release(f"converge:{namespace_id}")


class Trip:
    """One namespace in one scenario: its state before, and the state after the change."""

    def __init__(self, scenario: Scenario, organization: Organization) -> None:
        self._scenario = scenario
        made = make_namespace(
            organization,
            "before",
            indexes=scenario.indexes,
            point_count=1,
            **scenario.extra,
        )
        self.namespace_id = made.namespace_id
        self._before = store.get(self.namespace_id)
        self._shape_before = shape_of(self.namespace_id)
        patch = parse_patch(scenario.body)
        plan = changes.preview(SYSTEM, self.namespace_id, patch).plan
        self._after = apply_steps(self._before, plan.steps)
        self._shape_after = self._shape_before.after(plan.steps)

    def close(self) -> None:
        """Delete the namespace and close its open audit rows."""
        store.delete(self.namespace_id, revision=self._stored["revision"])
        collections.drop(shared(), self.namespace_id)
        for event in self._events.filter(outcome__in=("attempted", "accepted")):
            record.close(event.op_id, Outcome.FAILED)

    @property
    def body(self) -> Json:
        """The patch."""
        return self._scenario.body

    def commit(self) -> changes.Outcome | NsadminError:
        """Commit the patch; return what the client gets."""
        try:
            return changes.commit(SYSTEM, self.namespace_id, parse_patch(self.body))
        except NsadminError as failure:
            return failure

    def outcomes(self) -> list[str]:
        """The outcome of each attempt in the audit log, oldest first."""
        return list(self._events.order_by("pk").values_list("outcome", flat=True))

    def require_no_mixture(self) -> None:
        """The document is the old or the new one, and the audit does not contradict."""
        raw = self._stored
        if raw["revision"] == 1:
            assert raw == self._before
            refuted = ("done", "accepted")
        else:
            assert content(raw) == content(self._after)
            refuted = ("refused", "failed")
        self._require_chain(raw)
        contradictions = self._events.filter(outcome__in=refuted)
        assert not list(contradictions.values_list("outcome", "error"))

    def require_settled(self, *, tries: int = 1) -> None:
        """No attempt is open, and MongoDB, Qdrant, mirror and audit agree."""
        raw = self._stored
        self._require_chain(raw)
        accepted = raw["revision"] > 1
        assert content(raw) == content(self._after if accepted else self._before)
        assert "pending" not in raw
        assert raw["observed_revision"] == raw["revision"]
        expected = self._shape_after if accepted else self._shape_before
        assert shape_of(self.namespace_id) == expected
        row = MirroredNamespace.objects.get(namespace_id=self.namespace_id)
        assert (row.revision, row.observed_revision) == (raw["revision"],) * 2
        assert row.name == raw["namespace_name"]
        outcomes = dict(self._events.values_list("op_id", "outcome"))
        done = {op for op, outcome in outcomes.items() if outcome == "done"}
        assert done == {entry["op_id"] for entry in raw.get("changes", [])}
        assert set(outcomes.values()) <= {"done", "failed", "refused"}
        assert len(outcomes) <= tries

    def require_done_once(self) -> None:
        """The change was applied exactly once."""
        assert self._stored["revision"] == 2
        assert content(self._stored) == content(self._after)

    @property
    def _stored(self) -> Json:
        raw = store.get(self.namespace_id)
        assert raw is not None
        return raw

    @property
    def _events(self) -> Any:
        return AuditEvent.objects.filter(namespace_id=self.namespace_id)

    def _require_chain(self, raw: Json) -> None:
        revisions = [entry["revision"] for entry in raw.get("changes", [])]
        assert revisions == list(range(2, raw["revision"] + 1))
        events = self._events.filter(op_id__in=[c["op_id"] for c in raw["changes"]])
        assert events.count() == len(revisions)
