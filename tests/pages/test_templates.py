"""Templates: kept from the settings, listed, read, taken out of use."""

import re

import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.templates.configuration import configuration_of
from nsadmin.templates.models import NamespaceTemplate
from tests.pages.plans import hidden


def make(cast, whose="northlight", **values):
    organization = getattr(cast, whose)
    return NamespaceTemplate.objects.create(
        **{
            "organization_id": organization.organization_id,
            "creator": "key:k",
            "creator_label": "key k",
            "name": "for films",
            "description": "Scenes and words.",
            "configuration": configuration_of(cast.own),
            **values,
        }
    )


@pytest.fixture
def address(own):
    """The page that keeps a template."""
    return f"{own}template/"


def filled(client, address, **more):
    once = hidden(client.get(address).content.decode())["once"]
    return {"once": once, "name": "for films", "scope": "organization", **more}


def test_the_settings_lead_to_it(browse, own, address):
    assert f'href="{address}"' in browse().get(f"{own}settings/").content.decode()


def test_saving_keeps_the_configuration_and_shows_it(browse, cast, address):
    client = browse("member")
    response = client.post(address, filled(client, address, description="Mine."))
    template = NamespaceTemplate.objects.get()
    assert response.headers["Location"] == f"/templates/{template.template_id}/"
    assert template.configuration == configuration_of(cast.own)
    text = client.get(response.headers["Location"]).content.decode()
    for said in ("for films", "Mine.", cast.own.namespace_id, "instantiate"):
        assert said in text.replace("<wbr>", "")
    event = AuditEvent.objects.get(action="template:create")
    assert event.actor_label == cast.users["member"].email


def test_sending_it_twice_keeps_one(browse, address):
    client = browse()
    sent = filled(client, address)
    first, second = client.post(address, sent), client.post(address, sent)
    assert first.headers["Location"] == second.headers["Location"]
    assert NamespaceTemplate.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "A template needs a name."),
        ({"name": "a\nb"}, "The name must be one line"),
        ({"name": "x" * 101}, "at most 100 characters"),
        ({"scope": "system"}, "system is not one of the available choices"),
        ({"scope": "public"}, "public is not one of the available choices"),
        ({"once": "forged"}, "The form has expired."),
    ],
)
def test_a_fault_keeps_the_input(browse, address, change, said):
    client = browse()
    sent = filled(client, address, description="Kept.")
    response = client.post(address, {**sent, **change})
    text = response.content.decode()
    assert response.status_code == 422
    assert said in text
    assert "Kept.</textarea>" in text
    assert not NamespaceTemplate.objects.exists()


def test_platform_admins_keep_for_everybody(browse, cast, address):
    cast.open_sessions()
    client = browse("platform_admin")
    client.post(address, filled(client, address, scope="system"))
    template = NamespaceTemplate.objects.get()
    assert template.scope == "system"
    text = browse("stranger").get("/templates/").content.decode()
    assert "for films" in text
    text = browse("stranger").get(f"/templates/{template.template_id}/").content
    assert cast.own.namespace_id not in text.decode()


def test_the_list_is_ones_own_searched_and_scoped(browse, cast):
    make(cast)
    make(cast, name="of another", scope="user")
    make(cast, name="for all", scope="system", organization_id="org_x")
    make(cast, "halden", name="foreign one")
    client = browse("viewer")
    text = client.get("/templates/").content.decode()
    assert "for films" in text
    assert "for all" in text
    assert "of another" not in text
    assert "foreign one" not in text
    text = client.get("/templates/?scope=system").content.decode()
    assert "for all" in text
    assert "for films" not in text
    text = client.get("/templates/?search=FILMS").content.decode()
    assert "for films" in text
    assert "for all" not in text
    text = client.get("/templates/?search=nothing").content.decode()
    assert "Nothing matches" in text


def test_an_empty_list_says_how_to_begin(browse):
    text = browse().get("/templates/").content.decode()
    assert "No templates yet" in text


def test_admins_begin_a_namespace_with_it_and_others_only_read(browse, cast):
    template = make(cast)
    page = f"/templates/{template.template_id}/"
    link = f"/namespaces/new/?template={template.template_id}"
    assert link in browse().get(page).content.decode()
    for role in ("viewer", "member", "support"):
        text = browse(role).get(page).content.decode()
        assert link not in text
        assert "Disable" not in text


def test_out_of_use_it_is_offered_no_more_until_it_is_again(browse, cast):
    template = make(cast)
    page = f"/templates/{template.template_id}/"
    client = browse()
    client.post(f"{page}use/", {"active": "off"})
    text = client.get(page).content.decode()
    assert "it cannot be used for new namespaces" in text
    assert "New namespace from it" not in text
    assert "for films" not in client.get("/namespaces/new/").content.decode()
    client.post(f"{page}use/", {"active": "on"})
    assert "for films" in client.get("/namespaces/new/").content.decode()
    said = AuditEvent.objects.filter(action="template:update")
    assert said.count() == 2


def test_its_maker_may_take_it_out_of_use(browse, cast, address):
    client = browse("member")
    client.post(address, filled(client, address))
    page = f"/templates/{NamespaceTemplate.objects.get().template_id}/"
    client.post(f"{page}use/", {"active": "off"})
    assert not NamespaceTemplate.objects.get().is_active


def test_the_systems_are_switched_by_platform_admins_alone(browse, cast):
    template = make(cast, scope="system")
    page = f"/templates/{template.template_id}/use/"
    assert browse().post(page, {"active": "off"}).status_code == 403
    assert browse("platform_admin").post(page, {"active": "off"}).status_code == 302


def test_a_key_of_a_cluster_is_nowhere(browse, cast):
    configuration = configuration_of(cast.own)
    assert not {"qdrant_url", "qdrant_api_key_sealed"} & set(
        configuration["infrastructure"]
    )
    template = make(cast)
    text = browse().get(f"/templates/{template.template_id}/").content.decode()
    assert "qdrant_" not in text


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("user", "No private templates yet"),
        ("organization", "No templates of the organization yet"),
        ("system", "No platform templates yet"),
    ],
)
def test_a_scope_without_any_says_how_one_is_made(browse, own, scope, said):
    text = browse().get(f"/templates/?scope={scope}").content.decode()
    assert said in text
    assert "Nothing matches" not in text
    assert (f'href="{own}template/"' in text) == (scope != "system")
    text = browse("viewer").get(f"/templates/?scope={scope}").content.decode()
    assert said in text
    assert "/template/" not in text


def test_settings_are_shown_in_words(browse, cast):
    template = make(cast)
    template.configuration |= {
        "infrastructure": {"autoscaling_enabled": False, "gpu_type": None},
        "feature_extractors": [
            {
                "feature_extractor_name": "text_extractor",
                "version": "v1",
                "params": {"chunked": True, "language": None},
            }
        ],
    }
    template.save()
    text = browse().get(f"/templates/{template.template_id}/").content.decode()
    for words in ("<dd>no</dd>", "<dd>not set</dd>", "chunked yes", "language not set"):
        assert words in text
    assert not re.search(r"\b(True|False)\b|>None<", text)


def test_a_long_name_and_a_long_description_may_wrap_in_the_list(browse, cast):
    make(cast, name="a very long name " * 5, description="many words " * 90)
    text = browse("viewer").get("/templates/").content.decode()
    cell = re.search(r'<th class="wrap" scope="row">.*?</th>', text, re.DOTALL)
    assert "many words" in cell[0]
    assert "clip" not in cell[0]


def test_the_list_tells_when_each_was_kept_on_a_phone_too(browse, cast):
    make(cast)
    make(cast)
    text = browse("viewer").get("/templates/").content.decode()
    assert text.count(" · kept <time") == 2
