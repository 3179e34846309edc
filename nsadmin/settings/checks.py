"""System checks of the environment: values that were refused, names of no setting."""

from difflib import get_close_matches
from typing import Any, Final

from django.conf import settings
from django.core.checks import (
    CheckMessage,
    Error,
    Warning,  # noqa: A004 - the name that Django gives it
    register,
)

TAG: Final = "nsadmin"
_OURS: Final = "NSADMIN_"


@register(TAG)
def refused_settings(**_kwargs: Any) -> list[CheckMessage]:
    """E007 for each setting whose value is out of its range or form.

    Its default stands in its place while the other checks run.
    """
    return [
        Error(f"{name} {said}", id="nsadmin.E007")
        for name, said in settings.NSADMIN_REFUSED.items()
    ]


@register(TAG, deploy=True)
def unknown_names(**_kwargs: Any) -> list[CheckMessage]:
    """W012 for each name in the environment that looks like a setting and is none."""
    found: list[CheckMessage] = []
    # All of them begin alike, which would make any two of them close.
    known = {name.removeprefix(_OURS): name for name in settings.NSADMIN_KNOWN_NAMES}
    for name in settings.NSADMIN_UNKNOWN_NAMES:
        close = get_close_matches(name.removeprefix(_OURS), known, n=1)
        hint = (
            f"Is {known[close[0]]} meant?"
            if close
            else "The README lists all settings."
        )
        message = f"{name} is set, but there is no such setting."
        found.append(Warning(message, hint=hint, id="nsadmin.W012"))
    return found
