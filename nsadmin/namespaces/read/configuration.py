"""The change that a configuration file asks for, compared with what it was made from.

A file that was downloaded names its namespace and revision. What has changed since is
in the audit, so the change is what the file has changed, not what it lacks by its age.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nsadmin.audit.models import WRITTEN, AuditEvent
from nsadmin.errors import Conflict
from nsadmin.namespaces.plan import merge
from nsadmin.namespaces.plan.merge import Contest
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.plan.steps import Transition, from_json
from nsadmin.namespaces.schema import config
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.yaml_text import ParsedYaml


@dataclass(frozen=True, slots=True)
class FileRequest:
    """What a file asks for now, and the values that it and others changed since."""

    wanted: PatchRequest
    contests: tuple[Contest, ...] = ()


def request_of(parsed: ParsedYaml, namespace: Namespace) -> FileRequest:
    """Return the change that a file asks for; raise Invalid with errors by line."""
    patch = config.patch_of(parsed, namespace)
    revision = config.made_from(parsed, namespace)
    if revision is None or revision == namespace.revision:
        return FileRequest(PatchRequest(patch))
    now = merge.base_of(patch, namespace)
    base = merge.older_base(now, _values_at(namespace, revision))
    found = merge.merged(patch, base, namespace)
    wanted = PatchRequest(found.patch, base=base, made_from=revision)
    return FileRequest(wanted, found.contests)


def conflict_of(asked: FileRequest) -> Conflict:
    """Return the refusal of a file with values that others changed since too."""
    return merge.conflict_of(
        [contest.key for contest in asked.contests],
        "the file was made",
        "Look at the present value, or send the file to the page and choose.",
    )


def changes_since(namespace: Namespace, revision: int) -> list[AuditEvent]:
    """Return the written changes after a revision, the oldest first."""
    rows = AuditEvent.objects.filter(
        namespace_id=namespace.namespace_id,
        revision__gt=revision,
        outcome__in=WRITTEN,
    )
    return list(rows.order_by("revision", "pk"))


def _values_at(namespace: Namespace, revision: int) -> dict[str, Any]:
    """Return {key of a merge: its value at a revision} of what was changed since."""
    found: dict[str, Any] = {}
    for event in changes_since(namespace, revision):
        for change in _transitions(event):
            found.setdefault(*merge.value_before(change))
    return found


def _transitions(event: AuditEvent) -> Iterator[Transition]:
    for entry in event.changes:
        try:
            change = from_json(dict(entry)).transition
        except (KeyError, TypeError, ValueError):
            continue  # of an older version, or no step of a plan
        if change is not None:
            yield change
