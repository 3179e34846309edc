"""Filters that write numbers, times and names the one way the pages write them."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from django import template
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from nsadmin.namespaces.lifecycle import expiry
from nsadmin.namespaces.plan.steps.text import PARAMETER_WORDS, name_parameter
from nsadmin.namespaces.schema.document import Namespace

register = template.Library()

_DAY = timedelta(days=1)
_SHORT = 24
_SPELLED = (
    "no one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
)
_SHOWN_PARAMETERS = {
    "type",
    "lookup",
    "range",
    "tokenizer",
    "min_token_len",
    "max_token_len",
    "lowercase",
    "is_tenant",
}
_ROLES = {
    "viewer": "Viewer",
    "member": "Member",
    "admin": "Admin",
    "support": "Support",
    "platform_admin": "Platform admin",
}


@register.filter
def grouped(number: float | Literal[""] | None) -> str:
    """Write a count with grouped thousands; unknown is a word, never 0.

    Templates give the empty string for what is an attribute of None.
    """
    return "unknown" if number is None or number == "" else f"{number:,}"


@register.filter
def share(percent: float | None) -> str:
    """Write a percentage with one decimal unless it is whole, such as `82.3 %`."""
    if percent is None:
        return "unknown"
    rounded = round(percent, 1)
    if rounded in (0, 100) and rounded != percent:  # never claim all or nothing
        return "under 0.1\u00a0%" if rounded == 0 else "over 99.9\u00a0%"
    return f"{rounded:g}\u00a0%"


@register.filter
def spelled(number: int) -> str:
    """Write a small number as a word."""
    return _SPELLED[number] if 0 <= number < len(_SPELLED) else f"{number:,}"


@register.filter
def many(number: int, words: str) -> str:
    """Put the number before `one` or `other` of "one|other"; or only "one"."""
    one, _, other = words.partition("|")
    return f"{number:,} {one if number == 1 else other or one + 's'}"


@register.filter
def breaks(name: Any) -> SafeString:
    """Let a long id or field name break after `_` and `.`."""
    written = re.sub(r"([_.])(?=[^_.])", r"\1<wbr>", escape(str(name)))
    return mark_safe(written)  # noqa: S308 - escaped above


@register.filter
def lasting(seconds: float | None) -> str:
    """Write a duration with its two largest units, such as `26 min 34 s`."""
    if seconds is None:
        return "\u2013"
    left = max(0, int(seconds))
    if left < 1:
        return "under 1\u00a0s"
    parts: list[tuple[int, str]] = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, unit))
    return " ".join(f"{n}\u00a0{unit}" for n, unit in parts[:2] if n)


@register.filter
def roughly(seconds: float) -> str:
    """Write an estimated duration, such as `about 21 min` or `under 1 s`."""
    return lasting(seconds) if seconds < 1 else f"about {lasting(seconds)}"


def _ago(moment: datetime, now: datetime) -> str:
    seconds = (now - moment).total_seconds()
    if 0 <= seconds < 2:
        return "now"
    for unit, size in (("h", 3600), ("min", 60), ("s", 1)):
        if abs(seconds) >= size:
            count = f"{int(abs(seconds) // size)}\u00a0{unit}"
            return f"{count} ago" if seconds > 0 else f"in {count}"
    return "now"


def _dated(moment: datetime, now: datetime) -> str:
    day = f"{moment.day}\u00a0{moment:%b}"
    return day if moment.year == now.year else f"{day}\u00a0{moment.year}"


def _time(moment: datetime, text: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        exact(moment),
        text,
    )


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """Write a time: relative under a day, then the date; exact in its title."""
    return "unknown" if moment is None else _time(moment, ago(moment))


@register.filter
def ago(moment: datetime | None) -> str:
    """Write a time as `when` does, without markup, for what a page has by the dozen.

    The exact time goes into the title of the part around it, by `exact`.
    """
    if moment is None:
        return "unknown"
    now = timezone.now()
    far = abs(now - moment) >= _DAY
    return _dated(moment, now) if far else _ago(moment, now)


@register.filter
def exact(moment: datetime | None) -> str:
    """Write a time to the second, such as `2026-02-03 04:05:06 UTC`."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


@register.filter
def dated(moment: datetime | None) -> SafeString | str:
    """Write the day of a time, with the year, such as `3 Feb 2026`."""
    if moment is None:
        return "unknown"
    return _time(moment, f"{moment.day}\u00a0{moment:%b}\u00a0{moment.year}")


@register.filter
def clock(moment: datetime | None) -> SafeString | str:
    """Write the time of day, with the date when it is not today."""
    return "unknown" if moment is None else _time(moment, at(moment))


@register.filter
def at(moment: datetime) -> str:
    """Write a time as `clock` does, without markup; see `ago`."""
    now = timezone.now()
    text = f"{moment:%H:%M:%S}"
    return text if moment.date() == now.date() else f"{_dated(moment, now)} {text}"


@register.filter
def moment(time: datetime) -> SafeString:
    """Write only the time of day, for the lines of a log."""
    return _time(time, f"{time:%H:%M:%S}")


@register.filter
def figure(value: Any) -> str:
    """Write a value of a proof: a count grouped, a digest so that it may break."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return grouped(value)
    return format_html('<code class="wrap">{}</code>', value)


@register.filter
def setting(value: Any) -> str:
    """Write a stored setting in words: yes, no, not set; a list with commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ("", [], {}):
        return "not set"
    if isinstance(value, dict):
        return ", ".join(f"{key} {setting(inside)}" for key, inside in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(setting(inside) for inside in value)
    return str(value)


@register.filter
def until(moment: datetime | None) -> str:
    """Write how long it is until then with two units, such as `3 h 12 min`."""
    if moment is None:
        return ""
    return lasting((moment - timezone.now()).total_seconds())


@register.filter
def passed(moment: datetime | None) -> bool:
    """Return whether a time is behind us."""
    return moment is not None and moment <= timezone.now()


@register.filter
def soon(moment: datetime | None) -> bool:
    """Return whether a time is less than a day away."""
    return moment is not None and moment - timezone.now() < _DAY


@register.filter
def deleted_at(namespace: Namespace | None) -> datetime | None:
    """Return when a namespace is deleted unless it is extended; None for never."""
    return expiry.deletion_at(namespace) if isinstance(namespace, Namespace) else None


@register.filter
def countdown(end: datetime | None, length: str = "whole") -> SafeString | str:
    """Write how long something has until it is deleted; a script keeps it true.

    A list knows of the end alone, not of the warning that deleting waits for, and says
    it in short, as it was when the list was read.
    """
    if end is None:
        return ""
    if length == "short" and end <= timezone.now():
        return format_html("Expired at {}", clock(end))
    unless = " unless extended" if length == "whole" else ""
    if end <= timezone.now():
        return format_html("Due for deletion since {}{}", clock(end), unless)
    if length == "short":
        return f"Deleted in {until(end)}"
    return format_html(
        'Deleted in <time datetime="{}" title="{}" data-until>{}</time>{}',
        end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        exact(end),
        until(end),
        unless,
    )


@register.filter
def parameters(schema: dict[str, Any]) -> str:
    """Write what is set in an index's parameters, such as `word, 2 to 15`."""
    found = [PARAMETER_WORDS[key] for key in ("lookup", "range") if schema.get(key)]
    if schema.get("type") == "text":
        found += [
            str(schema.get("tokenizer") or "word"),
            f"{schema.get('min_token_len', '?')} to {schema.get('max_token_len', '?')}",
            "any case" if schema.get("lowercase") else "exact case",
        ]
    if schema.get("is_tenant"):
        found.append("separates tenants")
    others = [
        PARAMETER_WORDS.get(key, key)
        if schema[key] is True
        else name_parameter(key, schema[key])
        for key in sorted(set(schema) - _SHOWN_PARAMETERS)
    ]
    return ", ".join([*found, *others])


@register.filter
def extractor(extractor_id: str) -> str:
    """Shorten `face_identity_extractor_v1` to `face identity v1`."""
    return extractor_id.replace("_extractor", "").replace("_", " ")


@register.filter
def extractors(extractor_ids: Sequence[str]) -> str:
    """Name several extractors, shortened; a name keeps its version in its line."""
    return ", ".join(extractor(one).replace(" ", "\u00a0") for one in extractor_ids)


@register.filter
def is_short(name: str) -> bool:
    """Return whether a list shows a name whole, and from left to right, anywhere."""
    return len(name) <= _SHORT and name.isascii()


@register.filter
def role_word(role: str) -> str:
    """Write a role for people."""
    return _ROLES.get(role, role)
