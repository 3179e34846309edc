"""Loops over everybody: one odd item must not end them, so `items.each` makes them.

A loop over all namespaces, all known clusters, or rows of a table that nothing narrows
to one thing's own, is seen wherever it calls something for each item.
"""

import ast
from collections.abc import Iterator

from tests.conventions.source import Module

# Loops over everybody that need not go through `items.each`, each with its reason.
LOOPS_APART: dict[str, str] = {
    "nsadmin/access/organization/staff.py::remove": "one person's support sessions",
    "nsadmin/access/keys/expiring.py::expiring_keys": "judges our own rows",
    "nsadmin/access/signin/audit.py::record_of_account": "one user's organizations",
    "nsadmin/access/signin/resealing.py::reseal_factors": "counts each that fails",
    "nsadmin/access/signin/sessions.py::sessions_of": "one user's sessions",
    "nsadmin/advice/auto_indexing.py::finish_open": "a choice by id, before the loop",
    "nsadmin/audit/verify.py::organizations": "the names alone; each is then verified",
    "nsadmin/health/nightly/orphans.py::_opened": "suppresses what each raises",
    "nsadmin/health/sampling/sampler.py::sample": "claims in Redis; no cluster is called",
    "nsadmin/health/sampling/counting.py::count": "a choice; the loop follows it",
    "nsadmin/health/sampling/looking.py::_facts_due": "our rows of watched namespaces",
    "nsadmin/jobs/execution/admission.py::due": "our own rows, one query for each",
    "nsadmin/jobs/execution/admission.py::_with_free_slots": "ids and counts alone",
    "nsadmin/jobs/schedules/runs.py::_send_waiting": "a message for each",
    "nsadmin/mail/delivery.py::_give_up": "our own rows; nothing is called",
    "nsadmin/mail/delivery.py::_send_due": "a failure is noted in the mail's own row",
    "nsadmin/mail/outbox.py::reseal": "counts each that cannot be read",
    "nsadmin/moves/expiry.py::_with_due": "reading, which never raises",
    "nsadmin/namespaces/lifecycle/mass_expiry.py::all_held": "our rows, for one page",
    "nsadmin/namespaces/mirror/comparison.py::_adopt": "our own rows, in slices",
    "nsadmin/namespaces/mirror/copies.py::unchanged": "our rows of one batch",
    "nsadmin/namespaces/mirror/writing.py::_name_sources": "our rows of one batch",
    "nsadmin/namespaces/placement/cluster_share.py::_judged": "judges each value",
    "nsadmin/namespaces/placement/cluster_share.py::dedicated_ids": "judges each value",
    "nsadmin/namespaces/read/look_writes.py::store_many": "answers of one batch",
    "nsadmin/notifications/sealing.py::reseal_webhooks": "counts each that fails",
    "nsadmin/observability/figures/jobs.py::read": "sums by kind and state",
    "nsadmin/observability/figures/schedules.py::read": "times by schedule",
    "nsadmin/plans/finding.py::waiting": "judges our own rows; nothing is called",
    "nsadmin/plans/rates.py::_measured": "a few of our rows, for one estimate",
    "nsadmin/search/shown.py::_people": "the rows of one page",
}
_HARMLESS = {"str", "len", "repr", "max", "min", "bool"}
# What a queryset is narrowed by to the rows of one thing.
_NARROW = {"pk", "key", "op_id", "job", "job_id", "user", "item", "row", "reset_key"}


_EVERYBODY = {
    "nsadmin.stores.mongo.namespaces.every",
    "nsadmin.health.sampling.cluster_probe.known",
}


def loops(module: Module) -> Iterator[str]:
    """A loop over everybody that calls something for each, not by `items.each`."""
    for function in module.functions:
        assigned = {
            target.id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(function):
            place = f"{module.path}::{function.name}"
            for source in _looped(node):
                if _is_everybody(module, source, assigned) and place not in LOOPS_APART:
                    yield f"{function.name}: {ast.unparse(source)}"


def _looped(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a loop goes over; a comprehension without a call is harmless."""
    if isinstance(node, ast.For):
        yield node.iter
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        sources = [part.iter for part in node.generators]
        inside = {id(part) for source in sources for part in ast.walk(source)}
        calls = (part for part in ast.walk(node) if isinstance(part, ast.Call))
        if any(id(c) not in inside and not _is_harmless(c) for c in calls):
            yield from sources


def _is_harmless(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in _HARMLESS


def _is_everybody(
    module: Module, source: ast.expr, assigned: dict[str, ast.expr]
) -> bool:
    for node in ast.walk(source):
        if isinstance(node, ast.Name) and node.id in assigned:
            value = assigned[node.id]
            rest = {name: v for name, v in assigned.items() if name != node.id}
            if _is_everybody(module, value, rest):
                return True
        if isinstance(node, ast.Call):
            name = module.resolved(node.func)
            if name in _EVERYBODY:
                return True
    return _is_wide(source)


def _is_wide(source: ast.expr) -> bool:
    """Tell whether this is a queryset that nothing narrows to one thing's rows."""
    managers = [
        node
        for node in ast.walk(source)
        if isinstance(node, ast.Attribute)
        and node.attr == "objects"
        and isinstance(node.value, ast.Name)
        and node.value.id[:1].isupper()
    ]
    words = {
        (keyword.arg or "key").partition("__")[0]
        for node in ast.walk(source)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
    }
    narrow = {w for w in words if w in _NARROW or w.startswith(("namespace", "organi"))}
    return bool(managers) and not narrow
