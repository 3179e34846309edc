"""What the demo promises about its organizations, people and namespaces."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from nsadmin.advice.rules import AUTO_THRESHOLD
from nsadmin.embedded.seed.catalogue import NAMESPACES
from nsadmin.embedded.seed.data.people import OPERATOR, ORGANIZATIONS, PEOPLE
from nsadmin.embedded.seed.layout import documents
from nsadmin.embedded.seed.namespace_documents import (
    custom_indexes,
    namespace_document,
)
from nsadmin.embedded.seed.points import declared_vectors, present_vectors
from nsadmin.embedded.seed.specs import NamespaceSpec
from nsadmin.namespaces.schema.document import read
from nsadmin.namespaces.schema.payload_indexes import (
    INDEX_TYPES,
    PROTECTED_INDEXES,
    clean_field_name,
)
from nsadmin.namespaces.schema.text import clean_description, clean_name

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
HNSW_THRESHOLD = 10_000 * 1024

each_namespace = pytest.mark.parametrize("spec", NAMESPACES, ids=lambda s: s.slug)


def only(wanted: object) -> NamespaceSpec:
    """The one namespace of which the function holds."""
    found = [spec for spec in NAMESPACES if wanted(spec)]  # type: ignore[operator]
    assert len(found) == 1
    return found[0]


def test_three_customers_with_three_plans_and_an_operator() -> None:
    customers = [org for org in ORGANIZATIONS if not org.is_operator]
    assert {org.plan for org in customers} == {"free", "pro", "enterprise"}
    assert [org for org in ORGANIZATIONS if org.is_operator] == [OPERATOR]


def test_every_organization_has_an_admin_who_can_sign_in_and_an_admin_key() -> None:
    for organization in ORGANIZATIONS:
        roles = {
            role for p in PEOPLE for slug, role in p.roles if slug == organization.slug
        }
        assert "admin" in roles
        assert "admin" in organization.key_roles


def test_every_role_has_a_login_and_a_key() -> None:
    every = {"admin", "member", "viewer", "support", "platform_admin"}
    assert {role for person in PEOPLE for _, role in person.roles} == every
    assert {role for org in ORGANIZATIONS for role in org.key_roles} == every


def test_platform_roles_belong_to_the_operator() -> None:
    platform = {"support", "platform_admin"}
    for person in PEOPLE:
        for slug, role in person.roles:
            assert role not in platform or slug == OPERATOR.slug
    for organization in ORGANIZATIONS:
        assert organization.is_operator or not platform & set(organization.key_roles)


def test_one_person_belongs_to_two_organizations_and_comes_last() -> None:
    assert [len(person.roles) for person in PEOPLE] == [1] * (len(PEOPLE) - 1) + [2]


def test_addresses_cannot_be_real_and_passwords_are_long_enough() -> None:
    assert all(person.email.endswith(".example") for person in PEOPLE)
    assert all(len(person.password) >= 12 for person in PEOPLE)
    assert len({person.email for person in PEOPLE}) == len(PEOPLE)


def test_there_are_enough_namespaces_and_points() -> None:
    assert len(NAMESPACES) >= 8
    sizes = {spec.slug: len(documents(spec)) for spec in NAMESPACES}
    assert sum(sizes.values()) >= 10_000
    assert sizes["airfields-of-the-world"] >= 6_000


def test_no_organization_has_more_namespaces_than_its_plan_allows() -> None:
    held = Counter(spec.organization.plan for spec in NAMESPACES)
    assert held["free"] == 1
    assert 1 < held["pro"] <= 10


def test_only_the_largest_collection_is_big_enough_for_an_hnsw_build() -> None:
    large = [
        spec.slug
        for spec in NAMESPACES
        for vector in present_vectors(spec).values()
        if len(documents(spec)) * vector.size * 4 >= HNSW_THRESHOLD
    ]
    assert large == ["airfields-of-the-world"]


def test_one_namespace_uses_all_eight_index_types() -> None:
    spec = only(lambda s: {i.type for i in s.indexes} == set(INDEX_TYPES))
    assert len(spec.indexes) == 8


def test_the_special_cases_are_there() -> None:
    assert only(lambda s: s.scope == "system").organization == OPERATOR
    assert only(lambda s: s.compute_tier != "shared").organization.plan == "enterprise"
    assert only(lambda s: s.lacks_vectors and s.lacks_indexes)
    assert only(lambda s: not s.indexes)
    assert only(lambda s: s.numbered)
    assert only(lambda s: len(s.name) == 64)
    assert only(lambda s: any(len(i.field_name) == 255 for i in s.indexes))
    assert only(lambda s: any(i.auto for i in s.indexes)).auto_create_indexes


def test_filters_ask_for_every_kind_of_advice() -> None:
    spec = only(lambda s: s.filters and s.auto_create_indexes)
    fields = {used.field_name: used.a_day for used in spec.filters}
    unindexed = set(fields) - {index.field_name for index in spec.indexes}
    assert [fields[name] > AUTO_THRESHOLD for name in unindexed] == [True]
    assert len(documents(spec)) == max(len(documents(s)) for s in NAMESPACES)
    advised = only(lambda s: s.filters and not s.auto_create_indexes)
    used = {entry.field_name for entry in advised.filters}
    own = {index.field_name for index in advised.indexes}
    assert used - own
    assert own - used
    assert [index.field_name for index in advised.indexes if index.mistaken]


def test_the_expiring_namespace_ends_ninety_minutes_after_seeding() -> None:
    spec = only(lambda s: s.expires_in)
    stored = namespace_document(spec, now=NOW)
    left = stored["expires_at"] - NOW
    assert timedelta(minutes=90) - left < timedelta(milliseconds=1)
    assert stored["expires_at"].microsecond % 1000 == 0


def test_the_out_of_sync_namespace_declares_more_than_qdrant_has() -> None:
    spec = only(lambda s: s.lacks_vectors)
    assert set(declared_vectors(spec)) - set(present_vectors(spec)) == {
        "multimodal_extractor_v1_transcription_embedding"
    }
    assert spec.lacks_indexes < {index.field_name for index in custom_indexes(spec)}


@each_namespace
def test_names_are_ones_that_a_person_may_enter(spec: NamespaceSpec) -> None:
    assert clean_name(spec.name) == spec.name
    assert clean_description(spec.description) == spec.description
    for index in spec.indexes:
        assert clean_field_name(index.field_name, at="field") == index.field_name
        assert index.field_name not in PROTECTED_INDEXES


@each_namespace
def test_the_document_reads_as_a_settled_namespace(spec: NamespaceSpec) -> None:
    stored = namespace_document(spec, now=NOW)
    found = read(stored)
    assert found.collection == found.namespace_id == spec.namespace_id
    assert found.revision == found.observed_revision == 1
    assert found.tier == spec.compute_tier
    assert [index.field_name for index in found.indexes] == [
        index.field_name for index in spec.indexes
    ]
    assert [e.id for e in found.extractors] == list(spec.extractors)
    assert set(found.vector_inference_map) == set(declared_vectors(spec))
    assert None not in stored.values()


def test_ids_and_names_are_unique() -> None:
    assert len({spec.namespace_id for spec in NAMESPACES}) == len(NAMESPACES)
    names = {(s.organization.slug, s.name.casefold()) for s in NAMESPACES}
    assert len(names) == len(NAMESPACES)
