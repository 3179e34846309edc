"""Second factors that an identity provider asks for, where the operator trusts them."""

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


def asks_for_factor(request: HttpRequest, user: User) -> bool:
    """Tell whether a provider asked for a second factor, so that ours is not due.

    People of the platform always need one of their own here.
    """
    if user.platform_role:
        return False
    found = (find(each) for each in providers_signed_in_at(request, user))
    return any(each is not None and each.second_factor == "provider" for each in found)
