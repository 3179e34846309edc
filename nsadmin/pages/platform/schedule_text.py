"""What each schedule is for, and what its last run did, for people."""

from collections.abc import Callable, Mapping
from typing import Any

from nsadmin.pages.templatetags.formatting import many

Result = Mapping[str, Any]

# {name: (title, meaning)}; the order of the page.
MEANINGS: Mapping[str, tuple[str, str]] = {
    "auto_indexes": (
        "Indexes from usage",
        "Builds what was filtered over 100 times in 24 hours, where that is asked for.",
    ),
    "cleanup_expired": (
        "Expiry",
        "Warns of what ends within two hours; deletes, restorably, what has ended.",
    ),
    "drift": (
        "Drift",
        "Compares every namespace with Qdrant and looks for collections of nobody.",
    ),
    "purge": ("Purge", "Deletes for good what can no longer be restored."),
    "finish_indexes": (
        "Measuring indexes",
        "Times and checks the automatic indexes whose build has ended.",
    ),
    "reconcile": ("Mirror", "Compares the lists with the namespace store."),
    "heal": ("Healing", "Closes what a crash or a slow build has left open."),
    "sample": ("Sampling", "Looks at collections that nobody looked at lately."),
}


def title(name: str) -> str:
    """Return what a schedule is called; its plain name where nobody wrote it down."""
    return MEANINGS[name][0] if name in MEANINGS else name.replace("_", " ").title()


def meaning(name: str) -> str:
    """Return what it is for, in a sentence."""
    return MEANINGS[name][1] if name in MEANINGS else ""


def result_text(name: str, result: Result) -> str:
    """Return a result in words; plain counts for what nobody wrote down."""
    if name in _RESULT_TEXTS:
        return _RESULT_TEXTS[name](result)
    counts = [f"{key} {n:,}" for key, n in result.items() if isinstance(n, int)]
    return ", ".join(counts).capitalize()


def _auto_indexes(result: Result) -> str:
    looked = many(result.get("namespaces", 0), "namespace")
    begun, left = result.get("begun", 0), result.get("left", [])
    built = many(begun, "index|indexes") if begun else "no index"
    fields = sum(bool(field) for _, field, _ in left)
    waved = f"; {many(fields, 'field')} left alone" if fields else ""
    # Without a field it is the namespace as a whole.
    silent = len(left) - fields
    unasked = f"; {many(silent, 'namespace')} could not be asked" if silent else ""
    return f"{looked} asked for it: {built} built{waved}{unasked}."


def _cleanup(result: Result) -> str:
    parts = [
        f"{n:,} {word}"
        for key, word in (("warned", "warned"), ("deleted", "deleted"))
        if (n := result.get(key, 0))
    ]
    if held := result.get("held", 0):
        parts.append(f"{held:,} held until a human decides")
    if left := len(result.get("left", [])):
        parts.append(f"{left:,} left alone")
    return ", ".join(parts).capitalize() + "." if parts else "Nothing was due."


def _count(
    key: str, none: str, some: str, silent: Callable[[int], str] | None = None
) -> Callable[[Result], str]:
    """Say how many of `key`, or `none`; `silent` says how many did not answer."""

    def words(result: Result) -> str:
        number, unanswered = result.get(key, 0), result.get("silent", 0)
        said = [f"{many(number, some)}."] if number else []
        if silent is not None and unanswered:
            said.append(silent(unanswered))
        return " ".join(said) or none

    return words


_RESULT_TEXTS: Mapping[str, Callable[[Result], str]] = {
    "auto_indexes": _auto_indexes,
    "cleanup_expired": _cleanup,
    "drift": _count(
        "differences",
        "Everything agrees.",
        "item differs|items differ",
        lambda silent: f"{many(silent, 'namespace')} could not be compared.",
    ),
    "purge": _count("sent", "Nothing was due.", "deletion sent|deletions sent"),
    "finish_indexes": _count(
        "finished", "No build has ended.", "index measured|indexes measured"
    ),
    "reconcile": _count("rows", "Nothing differed.", "row written|rows written"),
    "heal": _count("closed", "Nothing was open.", "change closed|changes closed"),
    "sample": _count(
        "answered",
        "Everything was fresh.",
        "collection answered|collections answered",
        lambda silent: f"No answer from {many(silent, 'collection')}.",
    ),
}
