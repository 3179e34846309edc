"""Forgetting to which identities of providers an account is bound."""

import getpass

from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from nsadmin.access.models import User
from nsadmin.audit import record


@transaction.atomic
def unbind(user: User) -> int:
    """Forget the identities of a user and end the sessions; return how many they were.

    The audit of each organization of the user names who ran the command.
    """
    count, _ = SocialAccount.objects.filter(user=user).delete()
    user.end_sessions()
    homes = list(user.memberships.values_list("organization_id", flat=True))
    for organization_id in homes or [""]:
        record.record(
            action="account:single-sign-on",
            summary=f"{user.email} is no longer bound to an identity of a provider.",
            actor=record.RecordedActor(
                "command", "sso unbind", f"sso unbind, run by {getpass.getuser()}"
            ),
            organization_id=organization_id,
        )
    return int(count)
