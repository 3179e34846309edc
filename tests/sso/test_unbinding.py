"""`manage.py sso unbind`: an account whose identity changed at the provider."""

from io import StringIO

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.management import CommandError, call_command
from django.test import Client

from nsadmin.access.models import User
from nsadmin.audit.models import AuditEvent
from tests.sso.conftest import signed_in, user_of

pytestmark = pytest.mark.usefixtures("configure")


def test_an_account_is_bound_anew(provider, nora: User) -> None:
    before = Client()
    signed_in(before)
    provider.claims["sub"] = "nora-2"
    refused = Client()
    signed_in(refused)
    assert user_of(refused) is None
    out = StringIO()
    call_command("sso", "unbind", nora.email.upper(), stdout=out)
    assert "1 identity forgotten" in out.getvalue()
    assert before.get("/account/").status_code == 302
    client = Client()
    signed_in(client)
    assert user_of(client) == nora.pk
    assert SocialAccount.objects.get().uid == "nora-2"
    event = AuditEvent.objects.get(actor_kind="command")
    assert event.actor_label.startswith("sso unbind, run by ")


def test_an_unknown_address_is_said() -> None:
    with pytest.raises(CommandError, match="no account"):
        call_command("sso", "unbind", "nobody@northlight.example")
