"""The kinds of events, and the choices of events that a person has. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CLONED: Final = "namespace.clone.finished"
CLONE_FAILED: Final = "namespace.clone.failed"
MOVED: Final = "namespace.move.finished"
MOVE_FAILED: Final = "namespace.move.failed"
DELETED: Final = "namespace.delete.finished"
DELETE_FAILED: Final = "namespace.delete.failed"
DRIFT: Final = "namespace.drift.found"
EXPIRING: Final = "namespace.expiry.near"
KEY_EXPIRING: Final = "key.expiry.near"
SUPPORT_ASKED: Final = "support.session.asked"
SUPPORT_BEGUN: Final = "support.session.begun"
BREAK_GLASS: Final = "support.session.emergency"
TURNED_OFF: Final = "webhook.turned_off"
TEST: Final = "webhook.test"

# {kind that a webhook can choose: its words}, in the order of the form.
CHOSEN: Final[Mapping[str, str]] = {
    CLONED: "A clone is finished",
    CLONE_FAILED: "A clone failed",
    MOVED: "A move to another cluster is finished",
    MOVE_FAILED: "A move failed",
    DELETED: "A namespace is deleted for good",
    DELETE_FAILED: "A deletion failed",
    DRIFT: "A namespace and its collection differ",
    EXPIRING: "A namespace expires soon (7 days and 1 day before)",
    KEY_EXPIRING: "An API key expires soon (14 and 3 days before)",
    SUPPORT_ASKED: "Support asks for access",
    SUPPORT_BEGUN: "A support session begins",
    BREAK_GLASS: "Emergency access of support begins",
    TURNED_OFF: "Another webhook is turned off",
}
WORDS: Final[Mapping[str, str]] = {**CHOSEN, TEST: "Test"}

# {(kind of job, its final state): kind of event}
OF_JOBS: Final[Mapping[tuple[str, str], str]] = {
    ("clone", "done"): CLONED,
    ("clone", "failed"): CLONE_FAILED,
    ("move", "done"): MOVED,
    ("move", "failed"): MOVE_FAILED,
    ("delete", "done"): DELETED,
    ("delete", "failed"): DELETE_FAILED,
}
_FAILED: Final = frozenset({CLONE_FAILED, MOVE_FAILED, DELETE_FAILED})
_FINISHED: Final = frozenset({CLONED, MOVED, DELETED})


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice of a person: which events come by mail, and whether they do at first.

    Those `for_admins` reach only admins of the organization, `for_one` only the person
    whom the event is about.
    """

    name: str
    words: str
    is_on: bool = False
    for_admins: bool = False
    for_one: bool = False


OWN_FAILED: Final = Choice(
    "own_failed",
    "A clone, move or deletion that you started fails",
    is_on=True,
    for_one=True,
)
OWN_FINISHED: Final = Choice(
    "own_finished", "A clone, move or deletion that you started is finished"
)
OTHERS_FAILED: Final = Choice(
    "others_failed", "A clone, move or deletion of others fails"
)
DRIFT_FOUND: Final = Choice("drift", "A namespace and its collection differ")
NAMESPACE_EXPIRY: Final = Choice(
    "namespace_expiry", "A namespace expires in 7 days, and in 1 day"
)
KEY_EXPIRY: Final = Choice(
    "key_expiry", "An API key expires in 14 days, and in 3 days", for_admins=True
)
SUPPORT: Final = Choice(
    "support", "Support asks for access or begins a session", for_admins=True
)
EMERGENCY: Final = Choice(
    "emergency",
    "Support uses emergency access, without an approval",
    is_on=True,
    for_admins=True,
)
WEBHOOK_OFF: Final = Choice(
    "webhook_off",
    "A webhook is turned off because it fails",
    is_on=True,
    for_admins=True,
)
CHOICES: Final = (
    OWN_FAILED,
    OWN_FINISHED,
    OTHERS_FAILED,
    DRIFT_FOUND,
    NAMESPACE_EXPIRY,
    KEY_EXPIRY,
    SUPPORT,
    EMERGENCY,
    WEBHOOK_OFF,
)
_BY_KIND: Final[Mapping[str, Choice]] = {
    DRIFT: DRIFT_FOUND,
    EXPIRING: NAMESPACE_EXPIRY,
    KEY_EXPIRING: KEY_EXPIRY,
    SUPPORT_ASKED: SUPPORT,
    SUPPORT_BEGUN: SUPPORT,
    BREAK_GLASS: EMERGENCY,
    TURNED_OFF: WEBHOOK_OFF,
}


def choice_of_all(kind: str) -> Choice | None:
    """Return the choice under which others than its own person learn of an event."""
    return OTHERS_FAILED if kind in _FAILED else _BY_KIND.get(kind)


def choice_of_own(kind: str) -> Choice | None:
    """Return the choice of the person whom an event is about, such as a job's."""
    if kind in _FINISHED:
        return OWN_FINISHED
    return OWN_FAILED if kind in _FAILED else _BY_KIND.get(kind)


def sentence(kind: str, facts: Mapping[str, Any]) -> str:
    """Return what happened in one line, for subjects of mails and for chats."""
    name = " ".join(str(facts.get("namespace_name") or "").split())
    named = f"“{name}”" if name else "A namespace"
    key = " ".join(str(facts.get("key_name") or "").split())
    webhook = " ".join(str(facts.get("webhook_name") or "").split())
    left = _days(facts.get("days"))
    words = {
        CLONED: f"The clone {named} is finished.",
        CLONE_FAILED: f"The clone {named} failed.",
        MOVED: f"The move of {named} to another cluster is finished.",
        MOVE_FAILED: f"The move of {named} to another cluster failed.",
        DELETED: f"{named} is deleted for good.",
        DELETE_FAILED: f"The deletion of {named} failed.",
        DRIFT: f"{named} and its collection differ.",
        EXPIRING: f"{named} expires {left} and is deleted then.",
        KEY_EXPIRING: f"The API key “{key}” expires {left}.",
        SUPPORT_ASKED: "Support asks for access to your organization.",
        SUPPORT_BEGUN: "A support session in your organization began.",
        BREAK_GLASS: "Emergency access: support bypassed your approval.",
        TURNED_OFF: f"The webhook “{webhook}” was turned off because it fails.",
        TEST: "This is a test of your webhook.",
    }
    return words[kind]


def _days(days: object) -> str:
    return "within a day" if days == 1 else f"within {days} days"
