"""Finding one of many organizations."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nsadmin.access.models import Membership, Organization, User
from nsadmin.access.organization import selection

pytestmark = pytest.mark.django_db


def made(*names: str) -> list[Organization]:
    return Organization.objects.bulk_create(Organization(name=name) for name in names)


def found(text: str) -> list[str]:
    return [o.name for o in selection.search(selection.every(), text)]


def test_beginnings_come_before_what_is_within() -> None:
    made("Museum of Halden", "Halden Museum", "Museumsinsel", "Northlight")
    assert found("museum") == ["Museum of Halden", "Museumsinsel", "Halden Museum"]
    assert found("MUSEUM of") == ["Museum of Halden"]
    assert found("nothing") == []


def test_case_is_folded_in_every_script() -> None:
    made("Ångström Übersee", "ЛЕНИНГРАД", "straße")
    assert found("ÅNGSTRÖM ü") == ["Ångström Übersee"]
    assert found("ленин") == ["ЛЕНИНГРАД"]
    assert found("STRASSE") == ["straße"]


def test_an_id_is_found_by_its_beginning() -> None:
    (one, _) = made("One", "Two")
    assert found(one.organization_id[:9]) == ["One"]
    assert selection.named(one.organization_id) == one
    assert selection.named(one.organization_id[:9]) is None


def test_signs_of_a_pattern_are_letters() -> None:
    made("100% cotton", "100 percent", "a_b", "aXb")
    assert found("100%") == ["100% cotton"]
    assert found("a_") == ["a_b"]
    assert found("%") == ["100% cotton"]


def test_a_whole_name_is_meant_whatever_its_case() -> None:
    (one, _, twin, _) = made("One", "One and more", "Twin", "TWIN")
    assert selection.named(" one ") == one
    assert selection.named("on") is None
    assert selection.named("") is None
    assert selection.named("twiN") is None
    assert selection.named(twin.organization_id) == twin


def test_of_names_that_fold_alike_the_exact_one_is_meant() -> None:
    both = made("Strasse Film", "Straße Film")
    assert [selection.named(one.name) for one in both] == both
    assert selection.named("STRASSE FILM") is None


def test_a_name_whose_folded_form_is_cut_is_found() -> None:
    letters = "\u0390" * (selection.LONGEST - 1)  # three each when they are folded
    (one,) = made(f"A{letters}")
    assert selection.named(f"a{letters}") == one
    assert selection.named(f"b{letters}") is None


def test_the_folded_name_follows_the_name() -> None:
    one = Organization.objects.create(name="Before")
    one.name = "After ALL"
    one.save(update_fields=["name"])
    assert found("after all") == ["After ALL"]
    assert found("before") == []


def test_members_choose_among_their_own() -> None:
    own, _ = made("Own", "Another")
    user = User.objects.create_user("one@example.org", None)
    Membership.objects.create(user=user, organization=own, role="viewer")
    assert list(selection.selectable(user)) == [own]
    assert selection.search(selection.selectable(user), "another") == []


def test_a_search_reads_a_few_rows_of_many() -> None:
    made(*(f"Tenant {number:05}" for number in range(3000)), "Last of all")
    for text in ("", "tenant", "tenant 01", "of all", "org_", "zz"):
        with CaptureQueriesContext(connection) as queries:
            assert len(found(text)) <= selection.FOUND
        assert len(queries) <= 3, text
        assert all("LIMIT" in query["sql"] for query in queries)
