"""The rule that an admin stays who can sign in, for organizations and the platform."""

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Exists, OuterRef, Q, QuerySet

from nsadmin.access.models import User
from nsadmin.access.providers.configured import providers
from nsadmin.errors import Conflict


def require_other(user: User, admins: QuerySet[User], *, said: str, then: str) -> None:
    """Raise Conflict if no other active admin could act once this one is gone.

    `said` is the message without its period, such as "Ana is the last admin", and
    `then` what follows it. An admin who could not sign in anyway may go while any other
    one is there.
    """
    others = admins.filter(is_active=True).exclude(pk=user.pk)
    if _who_can_sign_in(others).exists():
        return
    if not others.exists():
        raise Conflict(f"{said}.{then}", code="last_admin")
    if _who_can_sign_in(User.objects.filter(pk=user.pk)).exists():
        raise Conflict(f"{said} who can sign in.{then}", code="last_admin")


def _who_can_sign_in(users: QuerySet[User]) -> QuerySet[User]:
    """Return those with a password or a passkey, or known to a provider.

    An account that was made for a person has none of them until its link is used.
    """
    of_user = {"user": OuterRef("pk")}
    passkeys = Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN, **of_user)
    known = [provider.id for provider in providers()]
    identities = SocialAccount.objects.filter(provider__in=known, **of_user)
    unset = Q(password="") | Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return users.filter(is_active=True).filter(
        ~unset | Exists(passkeys) | Exists(identities)
    )
