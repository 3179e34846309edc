"""What a person chose to get by mail."""

from collections.abc import Collection

from django.db import transaction

from nsadmin.access.models import User
from nsadmin.notifications.kinds import CHOICES, Choice
from nsadmin.notifications.models import MailChoice


def of(user: User) -> list[tuple[Choice, bool]]:
    """Return every choice and whether it is on for the person."""
    rows = MailChoice.objects.filter(user=user).values_list("choice", "is_on")
    chosen = dict(rows)
    return [(choice, chosen.get(choice.name, choice.is_on)) for choice in CHOICES]


@transaction.atomic
def choose(user: User, wanted: Collection[str]) -> None:
    """Write which choices are on; what equals the first setting needs no row."""
    MailChoice.objects.filter(user=user).delete()
    MailChoice.objects.bulk_create(
        MailChoice(user=user, choice=choice.name, is_on=not choice.is_on)
        for choice in CHOICES
        if (choice.name in wanted) is not choice.is_on
    )
