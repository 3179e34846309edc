"""Random lives of a namespace, held against dictionaries that know how they must end.

`Plans` lives in memory: plans and what they make of a document. `Stores` lives over
MongoDB and Qdrant, with crashes, other writers, and losses behind our back.
"""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nsadmin.access.actor import SYSTEM
from nsadmin.access.models import Organization
from nsadmin.audit import record
from nsadmin.audit.models import AuditEvent
from nsadmin.audit.record import RecordedActor
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.change.compare_and_set import accepted_document
from nsadmin.namespaces.change.recovery import heal
from nsadmin.namespaces.plan.patch_request import make_plan
from nsadmin.namespaces.plan.repair import EVERYTHING
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.extractors import REGISTRY
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS, PROTECTED_INDEXES
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection as mongo_collection
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import http, shared
from tests.accepting import accept
from tests.cast import make_namespace
from tests.faults.scenarios import let_time_pass

Json = dict[str, Any]

FIELDS = ("alpha", "beta.inner", "gamma[]")
# Small vectors, two extractors that share them, and one that brings none.
EXTRACTORS = (
    "audio_fingerprint_extractor_v1",
    "image_extractor_v1",
    "web_scraper_v1",
    "course_content_extractor_v1",
    "passthrough_extractor_v1",
)
FIRST = "face_identity_extractor_v1"

index_lists = st.dictionaries(
    st.sampled_from(FIELDS), st.sampled_from(sorted(INDEX_DEFAULTS)), max_size=3
)
names = st.text("abcdefgh ", min_size=3, max_size=12).filter(
    lambda name: len(" ".join(name.split())) >= 3
)
patches = st.fixed_dictionaries(
    {},
    optional={
        "description": st.sampled_from(["", "one", "two", "three"]),
        "auto_create_indexes": st.booleans(),
        "payload_indexes": index_lists,
        "feature_extractors": st.lists(st.sampled_from(EXTRACTORS), max_size=2),
    },
)
named_patches = st.tuples(patches, st.none() | names)


def body_of(patch: Json, name: str | None = None) -> Json:
    """The request body of a drawn patch."""
    body = dict(patch)
    if name is not None:
        body["namespace_name"] = name
    if "payload_indexes" in body:
        body["payload_indexes"] = [
            {"field_name": field, "type": kind}
            for field, kind in body["payload_indexes"].items()
        ]
    if "feature_extractors" in body:
        body["feature_extractors"] = [
            {
                "feature_extractor_name": REGISTRY[extractor].name,
                "version": REGISTRY[extractor].version,
            }
            for extractor in body["feature_extractors"]
        ]
    return body


class Model:
    """What a namespace is, as plain values that the drawn patches change."""

    def __init__(self, name: str) -> None:
        self.name, self.description, self.auto = name, None, False
        self.indexes: dict[str, Any] = {}
        self.extractors = [FIRST]
        self.revision = 1

    def patch(self, patch: Json, name: str | None = None) -> bool:
        """Change what the patch names; whether anything did."""
        before = copy.deepcopy(vars(self))
        if name is not None:
            self.name = " ".join(name.split())
        if "description" in patch:
            self.description = patch["description"] or None
        self.auto = patch.get("auto_create_indexes", self.auto)
        self.indexes = dict(patch.get("payload_indexes", self.indexes))
        for extractor in patch.get("feature_extractors", ()):
            if extractor not in self.extractors:
                self.extractors.append(extractor)
        changed = vars(self) != before
        self.revision += changed
        return changed

    @property
    def vectors(self) -> dict[str, int]:
        """{name: size} of all that the extractors bring."""
        found: dict[str, int] = {}
        for extractor in self.extractors:
            for vector in REGISTRY[extractor].vectors_for({}):
                found.setdefault(vector.name, vector.size)
        return found

    @property
    def services(self) -> dict[str, str]:
        """The inference map; the extractor that came last decides."""
        return {
            vector.name: vector.inference
            for extractor in self.extractors
            for vector in REGISTRY[extractor].vectors_for({})
            if vector.inference
        }

    def require_document(self, raw: Json) -> None:
        """The document says what the model says."""
        assert raw["namespace_name"] == self.name
        assert raw.get("description") == self.description
        assert raw["auto_create_indexes"] == self.auto
        assert raw["revision"] == self.revision
        stored = {i["field_name"]: i["field_schema"] for i in raw["payload_indexes"]}
        assert stored == {
            field: {"type": kind, **INDEX_DEFAULTS[kind]}
            for field, kind in self.indexes.items()
        }
        known = [
            f"{e['feature_extractor_name']}_{e['version']}"
            for e in raw["feature_extractors"]
        ]
        assert known == self.extractors
        assert raw["vector_inference_map"] == self.services
        revisions = [entry["revision"] for entry in raw["changes"]]
        last = range(2, self.revision + 1)[-50:]
        assert revisions == list(last)


class Plans(RuleBasedStateMachine):
    """Plans and what they make of a document, without any store."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model("first name")
        face = REGISTRY[FIRST]
        self.raw: Json = {
            "_id": "ns_model",
            "namespace_name": "first name",
            "feature_extractors": [
                {"feature_extractor_name": face.name, "version": "v1", "params": {}}
            ],
            "vector_inference_map": self.model.services,
            "payload_indexes": [],
            "auto_create_indexes": False,
            "revision": 1,
            "observed_revision": 1,
            "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
            "changes": [],
        }
        self.theirs: Json = {}

    @rule(drawn=named_patches)
    def patch(self, drawn: tuple[Json, str | None]) -> None:
        """A patch does what it says, once; the same plan again has nothing to do."""
        patch, name = drawn
        before = copy.deepcopy(self.raw)
        wanted = parse_patch(body_of(patch, name))
        plan = make_plan(document.read(self.raw), wanted, actual=None)
        assert self.raw == before
        assert plan.is_empty is not self.model.patch(patch, name)
        if not plan.is_empty:
            op_id = f"op_{plan.revision}"
            self.raw = accepted_document(document.read(self.raw), plan, op_id)
            assert self.raw["updated_at"] > before["updated_at"]
        again = make_plan(document.read(self.raw), wanted, actual=None)
        assert again.is_empty

    @rule(key=st.sampled_from(["billing", "note"]), value=st.integers() | st.text())
    def somebody_else_writes(self, key: str, value: Any) -> None:
        """Other writers' keys are kept as they are."""
        self.theirs[key] = value
        self.raw = {**self.raw, key: value}

    @rule()
    def everything_is_observed(self) -> None:
        """What converging does to the document."""
        self.raw = {**self.raw, "observed_revision": self.raw["revision"]}
        self.raw.pop("pending", None)

    @invariant()
    def the_document_is_the_model(self) -> None:
        """Field by field, and with what others wrote."""
        self.model.require_document(self.raw)
        assert {key: self.raw[key] for key in self.theirs} == self.theirs
        if "pending" in self.raw:
            oldest = self.raw["pending"][0]["revision"]
            assert self.raw["observed_revision"] < oldest
        else:
            assert self.raw["observed_revision"] == self.raw["revision"]


class Stores(RuleBasedStateMachine):
    """The same over MongoDB and Qdrant, where things go wrong."""

    @initialize()
    def begin(self) -> None:
        """A namespace with one extractor and no custom index."""
        owner, _ = Organization.objects.get_or_create(name="Northlight")
        made = make_namespace(owner, "first name", point_count=1)
        self.namespace_id = made.namespace_id
        self.model = Model("first name")
        self.theirs: Json = {}
        self.unhealed = False

    def teardown(self) -> None:
        """Heal, look for the last time, and take the namespace away."""
        if not hasattr(self, "namespace_id"):
            return
        self.heal()
        self.require_qdrant()
        collections.drop(shared(), self.namespace_id)
        mongo_collection(store.NAME).delete_one({"_id": self.namespace_id})

    @rule(patch=patches)
    def patch(self, patch: Json) -> None:
        """A patch; it does not carry out what a crash left to the sweep alone."""
        outcome = commit.commit(SYSTEM, self.namespace_id, parse_patch(body_of(patch)))
        assert outcome.plan.is_empty is not self.model.patch(patch)

    @rule(patch=patches)
    def crash_after_accepting(self, patch: Json) -> None:
        """The process dies between the document and Qdrant."""
        wanted = parse_patch(body_of(patch))
        view = commit.preview(SYSTEM, self.namespace_id, wanted)
        if view.plan.is_empty:
            return
        op_id = self._attempt(view)
        assert accept(document.read(self._raw()), view.plan, op_id) is not None
        assert self.model.patch(patch)
        self.unhealed = True

    @rule(patch=patches)
    def crash_before_accepting(self, patch: Json) -> None:
        """The process dies after it said what it was about to do."""
        view = commit.preview(SYSTEM, self.namespace_id, parse_patch(body_of(patch)))
        if not view.plan.is_empty:
            self._attempt(view)
            self.unhealed = True

    @rule(value=st.integers(0, 9))
    def somebody_else_writes(self, value: int) -> None:
        """Another writer has keys of its own in the document."""
        raw = self._raw()
        self.theirs = {"billing": {"units": value}}
        assert store.replace(raw, {**raw, **self.theirs})

    @precondition(lambda self: self.model.indexes and not self.unhealed)
    @rule(data=st.data())
    def lose_an_index_and_repair(self, data: st.DataObject) -> None:
        """An index goes behind our back; the first repair builds it, the next none."""
        field = data.draw(st.sampled_from(sorted(self.model.indexes)))
        collections.drop_index(shared(), self.namespace_id, field)
        self._repair({"create_index"})

    @precondition(lambda self: not self.unhealed)
    @rule(data=st.data())
    def lose_a_vector_and_repair(self, data: st.DataObject) -> None:
        """The same for a vector; the engine keeps at least one."""
        vector = data.draw(st.sampled_from(sorted(self.model.vectors)))
        if len(self.model.vectors) == 1:
            return
        path = f"/collections/{self.namespace_id}/vectors/{vector}?wait=true"
        assert http(shared()).delete(path).status_code == 200
        self._repair({"add_vector"})

    @rule()
    def heal(self) -> None:
        """Time passes and the sweep comes by; a second one has nothing to close."""
        let_time_pass(self.namespace_id)
        heal()
        assert heal() == 0
        self.unhealed = False
        self.require_qdrant()

    @invariant()
    def the_document_is_the_model(self) -> None:
        """At every moment, crashed or not."""
        raw = self._raw()
        self.model.require_document(raw)
        assert {key: raw.get(key) for key in self.theirs} == self.theirs

    def require_qdrant(self) -> None:
        """Qdrant has every declared vector and index, and none besides."""
        raw = self._raw()
        assert "pending" not in raw
        assert raw["observed_revision"] == raw["revision"]
        live = collections.get(shared(), self.namespace_id)
        assert {n: v.size for n, v in live.vectors.items()} == self.model.vectors
        protected = {field: s["type"] for field, s in PROTECTED_INDEXES.items()}
        kinds = {field: index.type for field, index in live.indexes.items()}
        assert kinds == {**protected, **self.model.indexes}
        events = AuditEvent.objects.filter(namespace_id=self.namespace_id)
        outcomes = list(events.values_list("outcome", flat=True))
        assert outcomes.count("done") == self.model.revision - 1
        assert set(outcomes) <= {"done", "failed"}

    def _raw(self) -> Json:
        raw = store.get(self.namespace_id)
        assert raw is not None
        return raw

    def _attempt(self, shown: commit.Preview) -> str:
        op_id = record.new_op_id()
        record.attempt(
            op_id=op_id,
            action="namespace:update",
            summary="",
            actor=RecordedActor("system", "nsadmin", "nsadmin"),
            organization_id=shown.view.organization_id,
            namespace_id=self.namespace_id,
            revision=shown.plan.revision + 1,
        )
        return op_id

    def _repair(self, kinds: set[str]) -> None:
        first = commit.commit(SYSTEM, self.namespace_id, EVERYTHING)
        assert {step.kind for step in first.plan.steps} == kinds
        assert first.converged
        self.model.revision += 1
        assert commit.commit(SYSTEM, self.namespace_id, EVERYTHING).plan.is_empty
        self.require_qdrant()


def lives(count: int, steps: int) -> settings:
    """So many lives of so many steps, the same ones in every run."""
    return settings(
        max_examples=count,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def test_plans_follow_the_model():
    run_state_machine_as_test(Plans, settings=lives(30, 30))


def test_stores_follow_the_model(stores):
    run_state_machine_as_test(Stores, settings=lives(8, 20))


@pytest.mark.faults
def test_plans_follow_the_model_for_long():
    run_state_machine_as_test(Plans, settings=lives(500, 60))


@pytest.mark.faults
def test_stores_follow_the_model_for_long(stores):
    run_state_machine_as_test(Stores, settings=lives(50, 40))
