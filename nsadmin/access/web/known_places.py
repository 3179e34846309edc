"""A mail about a sign-in from a browser and a network that the account does not know.

Places are noted while mail is configured. The first sign-in of an account has nothing
to be compared with and sends none.
"""

from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any, Final

from django.contrib.auth.signals import user_logged_in
from django.db.models import QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from nsadmin.access.mails import account
from nsadmin.access.models import SignInPlace, User
from nsadmin.access.signin.sessions import browser_of
from nsadmin.access.web.client_address import client_address
from nsadmin.mail import outbox

_FORGOTTEN: Final = timedelta(days=180)
# The bits of an address that its network keeps, by the version of IP.
_PREFIXES: Final = {4: 24, 6: 48}


def place_of(request: HttpRequest | None) -> account.Place:
    """Return where a request comes from, as mails say it; nowhere known without one."""
    if request is None:
        return account.Place(browser_of(""), "")
    agent = request.headers.get("User-Agent", "")
    return account.Place(browser_of(agent), client_address(request))


def forgotten_places() -> QuerySet[SignInPlace]:
    """Return the places that were not used for half a year."""
    return SignInPlace.objects.filter(seen_at__lt=timezone.now() - _FORGOTTEN)


@receiver(user_logged_in, dispatch_uid="sign_in_place")
def _signed_in(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    if not outbox.is_on():
        return
    place = place_of(request)
    is_first = not user.sign_in_places.exists()
    _, is_new = SignInPlace.objects.update_or_create(
        user=user,
        browser=place.browser,
        network=network_of(place.address),
        defaults={"seen_at": timezone.now()},
    )
    if is_new and not is_first:
        account.notify_sign_in(user.email, place)


def network_of(address: str) -> str:
    """Return the network of an IP address; "" for what is none."""
    try:
        version = ip_address(address).version
    except ValueError:
        return ""
    return str(ip_network(f"{address}/{_PREFIXES[version]}", strict=False))
