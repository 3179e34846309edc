"""Pages that stand in for others, and the account page."""

from nsadmin.namespaces.lifecycle import tombstones


def test_a_link_to_a_deleted_namespace_says_so(browse, own, cast):
    tombstones.soft_delete(cast.actor(), cast.own.namespace_id)
    for role, may_restore in (("admin", True), ("viewer", False), ("member", False)):
        for path in ("", "audit/", "indexes/"):
            response = browse(role).get(f"{own}{path}")
            text = response.content.decode()
            assert response.status_code == 404
            assert "</span> was deleted" in text
            assert (f'href="{own}deleted/"' in text) == may_restore
    foreign = browse("stranger").get(own).content.decode()
    assert "</span> was deleted" not in foreign


def test_a_refusal_says_what_was_tried_and_has_a_link_for_an_admin(browse, own):
    text = browse("viewer").get(f"{own}settings/").content.decode()
    assert "<dd>Change the settings of <b" in text
    assert f'data-copy="http://testserver{own}settings/"' in text
    text = browse("member").get("/organization/keys/new/").content.decode()
    assert "<dd>Create an API key</dd>" in text


def test_the_menu_leads_to_the_account_and_the_account_to_the_password(browse, own):
    assert 'href="/account/"' in browse("viewer").get(own).content.decode()
    text = browse("viewer").get("/account/").content.decode()
    assert 'href="/accounts/password/change/"' in text
    assert "Northlight Media" in text
