"""A form belongs to the organization on whose page it stands."""

import re

import pytest

from nsadmin.access.models import ApiKey, Invitation, Membership, ServiceAccount
from nsadmin.access.web.form_organization import FIELD
from nsadmin.namespaces.models import SavedView
from nsadmin.notifications.models import Webhook
from tests.cast import Cast

FORMS = {
    "/organization/members/new/": {"email": "ida@northlight.example", "role": "viewer"},
    "/organization/keys/new/": {"name": "new", "role": "viewer", "scopes": "read"},
    "/organization/service-accounts/new/": {"name": "robot", "purpose": "tests"},
    "/organization/notifications/new/": {"name": "hook", "url": "https://h.example/"},
    "/organization/sign-in/": {"required": "on", "days": "0"},
    "/namespaces/new/": {"namespace_name": "made for northlight"},
}


@pytest.fixture
def both(cast: Cast) -> Cast:
    """The admin of one organization is an admin of another one too."""
    Membership.objects.create(
        user=cast.users["admin"], organization=cast.halden, role="admin"
    )
    return cast


def fields(text: str, path: str) -> dict[str, str]:
    """The hidden fields of the form of a page."""
    form = text.partition(f'action="{path}"')[2].partition("</form>")[0]
    hidden = r'<input type="hidden" name="([\w-]+)" value="([^"]*)"'
    return dict(re.findall(hidden, form))


def made() -> list[int]:
    tables = (ApiKey, Invitation, ServiceAccount, Webhook, SavedView)
    return [table.objects.count() for table in tables]


@pytest.mark.parametrize("path", FORMS)
def test_a_form_is_refused_once_another_organization_is_shown(
    sure, both: Cast, path: str
) -> None:
    client, before = sure(), made()
    client.post(
        "/organization/switch/", {"organization_id": both.northlight.organization_id}
    )
    sent = FORMS[path] | fields(client.get(path).content.decode(), path)
    assert sent[FIELD] == both.northlight.organization_id
    client.post(
        "/organization/switch/", {"organization_id": both.halden.organization_id}
    )
    refused = client.post(path, sent)
    assert refused.status_code == 409
    text = refused.content.decode()
    assert "This form is of Northlight Media, and another organization" in text
    assert "Nothing was changed." in text
    assert made() == before
    both.halden.refresh_from_db()
    assert both.halden.second_factor_due_at is None


def test_after_switching_back_it_is_taken(sure, both: Cast) -> None:
    path, client = "/organization/service-accounts/new/", sure()
    client.post(
        "/organization/switch/", {"organization_id": both.northlight.organization_id}
    )
    sent = FORMS[path] | fields(client.get(path).content.decode(), path)
    for organization, status in ((both.halden, 409), (both.northlight, 303)):
        switch = {"organization_id": organization.organization_id}
        client.post("/organization/switch/", switch)
        assert client.post(path, sent).status_code == status
    assert ServiceAccount.objects.get().organization == both.northlight


def test_what_belongs_to_the_person_is_taken_in_any(browse, both: Cast) -> None:
    client = browse()
    sent = {"name": "Other Name", FIELD: both.halden.organization_id}
    assert client.post("/account/name/", sent).status_code == 303


def test_the_name_of_a_foreign_organization_is_not_told(sure, both: Cast) -> None:
    Membership.objects.filter(organization=both.halden).delete()
    path = "/organization/service-accounts/new/"
    sent = FORMS[path] | {FIELD: both.halden.organization_id}
    refused = sure().post(path, sent)
    assert refused.status_code == 409
    assert both.halden.name not in refused.content.decode()


@pytest.mark.parametrize("sent", ["", "x" * 10_000, "org_\0"])
def test_an_odd_value_is_refused(sure, cast: Cast, sent: str) -> None:
    path = "/organization/service-accounts/new/"
    refused = sure().post(path, FORMS[path] | {FIELD: sent})
    assert refused.status_code == 409
