"""The title and purpose of each schedule, and the result of a run as text."""

from collections.abc import Callable, Mapping
from typing import Any

from nsadmin.jobs.schedules.runs import SKIPPED
from nsadmin.pages.templatetags.formatting import many

Result = Mapping[str, Any]
_NONE_DUE = "Nothing was due."

# {name: (title, meaning)}; the order of the page.
MEANINGS: Mapping[str, tuple[str, str]] = {
    "auto_indexes": (
        "Automatic indexes",
        "Indexes fields filtered over 100 times in 24 hours, where this is on.",
    ),
    "cleanup_expired": (
        "Expiry",
        "Warns one to two hours before expiry; deletes expired namespaces.",
    ),
    "drift": (
        "Drift",
        "Compares namespaces not compared recently; finds orphaned collections.",
    ),
    "drift_slices": (
        "Drift, continued",
        "Continues the comparison that Drift began, each minute.",
    ),
    "purge": (
        "Purge",
        "Deletes namespaces for good once they can no longer be restored.",
    ),
    "notifications": (
        "Notifications",
        "Turns events into mails and messages to webhooks, and sends what is due.",
    ),
    "key_expiry": (
        "Expiry of API keys",
        "Warns 14 and 3 days before API keys expire.",
    ),
    "move_expiry": (
        "Old collections",
        "Deletes the old collections of moves after their retention period.",
    ),
    "comparison_purge": (
        "Comparisons",
        "Deletes the results of comparisons after their retention period.",
    ),
    "reprocessing": (
        "Processing again",
        "Notifies the platform of requests to process again; measures progress.",
    ),
    "finish_indexes": (
        "Measuring indexes",
        "Measures and checks the automatic indexes whose build has finished.",
    ),
    "mail": (
        "Mail",
        "Sends mails again that a server did not take, or whose turn was lost.",
    ),
    "reconcile": ("Mirror", "Compares the mirror with MongoDB."),
    "fold_counts": (
        "Counters of lists",
        "Adds pending changes to the counters of the lists (PostgreSQL only).",
    ),
    "recount": (
        "Recount of lists",
        "Recounts the namespaces of every list and corrects wrong counters.",
    ),
    "heal": ("Healing", "Completes changes that a crash or a slow build left open."),
    "trim": (
        "Old rows",
        "Deletes expired sessions, old logs of jobs and other outdated rows.",
    ),
    "audit_verify": ("Audit", "Verifies the audit log of each organization."),
    "search": (
        "Search",
        "Updates the search from collections, retrievers, jobs and people.",
    ),
    "sample": (
        "Sampling",
        "Asks Qdrant for the state of collections without a recent answer.",
    ),
    "count": (
        "Counting",
        "Reads the counts of all collections of a cluster at once and compares them.",
    ),
}


def title(name: str) -> str:
    """Return the title of a schedule, or else its name."""
    return MEANINGS[name][0] if name in MEANINGS else name.replace("_", " ").title()


def meaning(name: str) -> str:
    """Return the purpose of a schedule; empty if unknown."""
    return MEANINGS[name][1] if name in MEANINGS else ""


def result_text(name: str, result: Result) -> str:
    """Return the result of a run as text; plain counts for other schedules."""
    if name in _RESULT_TEXTS:
        text = f"{_RESULT_TEXTS[name](result)}{_apart(result)}{_failed(result)}"
        return f"{text}{_skipped(result)}"
    counts = [
        f"{key} {n:,}"
        for key, n in result.items()
        if isinstance(n, int) and key != SKIPPED
    ]
    return f"{', '.join(counts).capitalize()}{_skipped(result)}"


def _apart(result: Result) -> str:
    """Return the sentence about customers' clusters, each of which has its own run."""
    number = result.get("clusters", 0)
    return f" {many(number, 'dedicated cluster')} checked separately." if number else ""


def _skipped(result: Result) -> str:
    """Return the sentence about the starts that fell into the run; empty without."""
    number = result.get(SKIPPED, 0)
    if not isinstance(number, int) or not number:
        return ""
    return f" It took longer than its period; {many(number, 'start')} skipped."


def _failed(result: Result) -> str:
    """Return the sentence about items that fail by themselves; empty without any."""
    failed = result.get("failed", 0)
    if not isinstance(failed, int) or not failed:
        return ""
    return f" {many(failed, 'item fails|items fail')}; see Unreadable."


def _auto_indexes(result: Result) -> str:
    looked = many(result.get("namespaces", 0), "namespace")
    begun, left = result.get("begun", 0), result.get("left", [])
    built = many(begun, "index|indexes") if begun else "no index"
    fields = sum(bool(field) for _, field, _ in left)
    waved = f"; {many(fields, 'field')} skipped" if fields else ""
    # Without a field it is the namespace as a whole.
    silent = len(left) - fields
    unasked = f"; {many(silent, 'namespace')} did not answer" if silent else ""
    return f"{looked} checked: {built} built{waved}{unasked}."


def _cleanup(result: Result) -> str:
    parts = [
        f"{n:,} {word}"
        for key, word in (("warned", "warned"), ("deleted", "deleted"))
        if (n := result.get(key, 0))
    ]
    if held := result.get("held", 0):
        parts.append(f"{held:,} held for a decision")
    if left := result.get("skipped", len(result.get("left", []))):
        parts.append(f"{left:,} skipped")
    return ", ".join(parts).capitalize() + "." if parts else _NONE_DUE


def _drift(result: Result) -> str:
    words = _count(
        "differences",
        none="No differences.",
        some="item differs|items differ",
        silent=lambda silent: f"{many(silent, 'namespace')} could not be compared.",
    )(result)
    compared = result.get("compared", 0)
    first = f"{many(compared, 'namespace')} compared. " if compared else ""
    going_on = " It continues within a minute." if result.get("going_on") else ""
    return f"{first}{words}{going_on}"


def _trim(result: Result) -> str:
    total = sum(n for key, n in result.items() if key != "failed")
    return f"{many(total, 'row')} deleted." if total else "Nothing to delete."


def _listed(*words: tuple[str, str], none: str = _NONE_DUE) -> Callable[[Result], str]:
    """Return a function from a result to the text of its counts that are not 0.

    `words` are the key of each count with its singular and plural.
    """

    def text(result: Result) -> str:
        parts = [many(n, word) for key, word in words if (n := result.get(key, 0))]
        return f"{', '.join(parts)}." if parts else none

    return text


def _count(
    key: str,
    *,
    some: str,
    none: str = _NONE_DUE,
    silent: Callable[[int], str] | None = None,
) -> Callable[[Result], str]:
    """Return a function from a result to the text of its count.

    `key` is that of the count, `none` the text for 0, `some` the singular and plural,
    `silent` returns the text for items that did not answer.
    """

    def words(result: Result) -> str:
        number, unanswered = result.get(key, 0), result.get("silent", 0)
        sentences = [f"{many(number, some)}."] if number else []
        if silent is not None and unanswered:
            sentences.append(silent(unanswered))
        return " ".join(sentences) or none

    return words


_RESULT_TEXTS: Mapping[str, Callable[[Result], str]] = {
    "audit_verify": _listed(
        ("chains", "audit log verified|audit logs verified"),
        ("broken", "broken|broken"),
        ("left", "left for lack of time|left for lack of time"),
        none="There is no audit log yet.",
    ),
    "auto_indexes": _auto_indexes,
    "cleanup_expired": _cleanup,
    "comparison_purge": _count("purged", some="comparison deleted|comparisons deleted"),
    "drift": _drift,
    "drift_slices": _drift,
    "trim": _trim,
    "mail": _listed(
        ("sent", "mail sent|mails sent"),
        ("retried", "put off|put off"),
        ("failed", "given up|given up"),
        ("dropped", "no longer wanted|no longer wanted"),
    ),
    "move_expiry": _count(
        "dropped", some="old collection deleted|old collections deleted"
    ),
    "purge": _listed(
        ("sent", "deletion sent|deletions sent"),
        ("resumed", "failed deletion resumed|failed deletions resumed"),
        ("held", "held for a decision|held for a decision"),
    ),
    "notifications": _count(
        "events",
        none="No new event.",
        some="new event|new events",
    ),
    "key_expiry": _count(
        "expiring",
        none="No key expires soon.",
        some="key expires soon|keys expire soon",
    ),
    "reprocessing": _count(
        "measured",
        none="No request is open.",
        some="request measured|requests measured",
    ),
    "finish_indexes": _count(
        "finished",
        none="No build has finished.",
        some="index measured|indexes measured",
    ),
    "reconcile": _count(
        "rows", none="Nothing differed.", some="row written|rows written"
    ),
    "fold_counts": _count(
        "folded", none="Nothing to add up.", some="row added up|rows added up"
    ),
    "recount": _count(
        "wrong",
        none="All counters are correct.",
        some="counter corrected|counters corrected",
    ),
    "heal": _count(
        "closed",
        none="No change was open.",
        some="change completed|changes completed",
    ),
    "search": _count(
        "written",
        none="Nothing differed.",
        some="entry written|entries written",
        silent=lambda silent: f"No answer from {many(silent, 'source')}.",
    ),
    "count": _count(
        "changed",
        none="No collection changed.",
        some="collection changed|collections changed",
        silent=lambda silent: f"{many(silent, 'cluster')} did not report counts.",
    ),
    "sample": _count(
        "answered",
        none="All answers are recent.",
        some="collection answered|collections answered",
        silent=lambda silent: f"No answer from {many(silent, 'collection')}.",
    ),
}
