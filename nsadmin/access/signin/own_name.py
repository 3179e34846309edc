"""A person's own name, as others see it."""

from django.db import transaction

from nsadmin import names
from nsadmin.access.models import NAME_MAX, User
from nsadmin.access.signin.audit import record_of_account


@transaction.atomic
def rename(user: User, name: str) -> bool:
    """Set the name; an empty one shows the e-mail address. Returns whether it changed.

    Raises Invalid for a name with invisible characters, or one that is too long. The
    audit of each of the person's organizations tells it: members are known by name.
    """
    name = names.clean(name, at="name", longest=NAME_MAX)
    before = user.name
    if name == before:
        return False
    user.name = name
    user.save(update_fields=["name"])
    was, now = (f"“{text}”" if text else "none" for text in (before, name))
    record_of_account(
        user, "account:name", f"{user.email}: name changed, {was} → {now}."
    )
    return True
