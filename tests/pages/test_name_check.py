"""The live check of a name: the rules, who has it, and whose names are looked at."""

import pytest

from tests.cast import make_namespace


def check(browser, address: str, name: str) -> str:
    """Return what is said of a name."""
    response = browser.get(address, {"namespace_name": name})
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a quiet name", "This name is free."),
        ("film archive", "This is the current name."),
        ("film\u3000archive", "This is the current name."),
        ("Film Archive", "This name is free."),
        ("ab", "at least 3 characters; it has 2"),
        ("", "at least 3 characters; it has 0"),
        ("a/b/c", "must not contain /"),
        ("x" * 65, "at most 64 characters; it has 65"),
        ("ns_0123456789", "looks like an id"),
        ("list", "list is reserved"),
    ],
)
def test_a_new_name_is_judged_as_the_form_does(browse, own, name, says):
    assert says in check(browse("member"), f"{own}name/", name)


def test_a_taken_name_is_quoted_as_it_is_written(browse, own, cast):
    make_namespace(cast.northlight, "Night Shift", in_qdrant=False)
    for address in (f"{own}name/", f"{own}clone/name/"):
        said = check(browse(), address, "NIGHT shift")
        assert "is named Night Shift." in said
        assert "s-bad" in said


def test_names_of_others_are_not_leaked(browse, own):
    assert "free" in check(browse(), f"{own}name/", "museum objects")
    assert "free" in check(browse(), f"{own}clone/name/", "museum objects")


def test_a_platform_admin_hears_of_the_namespaces_own_organization(
    cast, browse, foreign
):
    cast.open_sessions()
    staff = browse("platform_admin")
    assert "free" in check(staff, f"{foreign}name/", "film archive")


def test_a_clone_may_have_a_shorter_name(browse, own):
    assert "free" in check(browse(), f"{own}clone/name/", "b")
    assert "at least 1 character; it has 0" in check(browse(), f"{own}clone/name/", " ")


def test_a_silent_store_is_said(browse, own, silence):
    client = browse()
    silence("mongodb")
    assert "Availability unknown" in check(client, f"{own}name/", "any name")


def test_forms_offer_the_check(browse, own):
    for page in ("settings/", "clone/"):
        text = browse().get(own + page).content.decode()
        assert 'aria-live="polite"' in text
        assert "delay:400ms" in text
