"""Second factors that an identity provider asks for, where the operator trusts them."""

from collections.abc import Collection

from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest

from nsadmin.access.models import User
from nsadmin.access.providers.configured import find


def providers_signed_in_at(request: HttpRequest, user: User) -> set[str]:
    """Return the ids of the providers at which the person signed in in this session."""
    return {
        str(each.get("provider"))
        for each in get_authentication_records(request, user)
        if each.get("method") == "socialaccount"
    }


def asks_for_factor(
    request: HttpRequest, user: User, organization_ids: Collection[str]
) -> bool:
    """Tell whether a provider asked for a second factor, so that ours is not due.

    It counts for the organizations that the operator bound the provider to, so that no
    other organization has to trust it. People of the platform always need one of their
    own here.
    """
    if user.platform_role:
        return False
    trusted: set[str] = set()
    for each in providers_signed_in_at(request, user):
        provider = find(each)
        if provider is not None and provider.second_factor == "provider":
            trusted |= {rule.organization_id for rule in provider.domains}
    return bool(trusted) and trusted.issuperset(organization_ids)
