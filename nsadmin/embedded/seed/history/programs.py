"""A program of Northlight with a service account and a key for one namespace."""

from datetime import datetime, timedelta
from typing import Final

from nsadmin.access.keys import management, service_accounts
from nsadmin.access.keys.keys import new_key_id
from nsadmin.access.keys.management import KeyRequest
from nsadmin.access.models import ApiKey, Organization, ServiceAccount
from nsadmin.access.permissions import Role
from nsadmin.embedded.seed.data.people import NORTHLIGHT
from nsadmin.embedded.seed.history.changes import WEATHER
from nsadmin.embedded.seed.history.people import actor_of, user_of

# Less than 14 days are left of it, so the page warns of the end; not of a new secret.
_LIFETIME: Final = timedelta(days=15)


def let_a_program_bring_weather(at: datetime) -> None:
    """Noor makes a service account and gives it a key for the weather alone."""
    noor, person = actor_of("noor", NORTHLIGHT), user_of("noor")
    northlight = Organization.objects.get(pk=NORTHLIGHT.organization_id)
    account = service_accounts.create(
        noor,
        northlight,
        person,
        name="weather ingest",
        purpose="Brings the reports of the weather desk every night; Marco Bianchi",
        account_id=service_accounts.new_account_id(),
    )
    request = KeyRequest(
        key_id=new_key_id(),
        name="nightly import",
        role=Role.MEMBER,
        scopes=frozenset({"namespaces:read", "namespaces:write"}),
        expires_at=at + _LIFETIME,
        account_id=account.account_id,
        namespace_ids=frozenset({WEATHER}),
    )
    made, _ = management.issue(noor, northlight, person, request)
    ServiceAccount.objects.filter(pk=account.pk).update(created_at=at)
    ApiKey.objects.filter(pk=made.pk).update(created_at=at)
