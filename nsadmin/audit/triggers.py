"""Database triggers that refuse to change or delete audit rows.

They are installed after every `migrate`, because SQLite loses a table's triggers when a
migration rebuilds the table.
"""

from typing import Any

from django.db import connections

_FINAL = "OLD.outcome IN ('done', 'refused', 'failed')"
# A retry may update the other columns of an attempt, but never these.
_FIXED = ("op_id", "organization_id", "namespace_id", "action", "actor_id")
# An accepted event may only get its outcome; these columns are then fixed too.
_CONTENT = (
    "summary",
    "actor_label",
    "request_id",
    "client_address",
    "revision",
    "changes",
    "reverts",
    "support_session",
)


def _differs(columns: tuple[str, ...], operator: str) -> str:
    return " OR ".join(f"NEW.{c} {operator} OLD.{c}" for c in columns)


def _rules(operator: str) -> dict[str, tuple[str, str, str, str]]:
    """Return {name: (table, verb, condition, sentence)}."""
    entries, heads = "audit_chainentry", "audit_chainhead"
    fixed, content = _differs(_FIXED, operator), _differs(_CONTENT, operator)
    changed = f"{_FINAL} OR {fixed} OR (OLD.outcome = 'accepted' AND ({content}))"
    kept = "An audit event is never deleted."
    return {
        "audit_event_kept": ("audit_auditevent", "DELETE", "TRUE", kept),
        "audit_event_closed": (
            "audit_auditevent",
            "UPDATE",
            changed,
            "An audit event is only closed, and only once.",
        ),
        "audit_entry_kept": (entries, "DELETE", "TRUE", "The audit chain is kept."),
        "audit_entry_same": (entries, "UPDATE", "TRUE", "The audit chain is kept."),
        "audit_head_kept": (heads, "DELETE", "TRUE", "The audit chain is kept."),
    }


def _sqlite(name: str, rule: tuple[str, str, str, str]) -> list[str]:
    table, verb, condition, sentence = rule
    made = f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW "
    made += f"WHEN {condition} BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
    return [f"DROP TRIGGER IF EXISTS {name}", made]


def _postgresql(name: str, rule: tuple[str, str, str, str]) -> list[str]:
    table, verb, condition, sentence = rule
    refusal = f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
    refusal += f"AS $$ BEGIN RAISE EXCEPTION '{sentence}'; END $$"
    made = f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW "
    made += f"WHEN ({condition}) EXECUTE FUNCTION {name}()"
    return [refusal, f"DROP TRIGGER IF EXISTS {name} ON {table}", made]


def remove(*, using: str) -> None:
    """Remove the triggers, so that tests can empty their database."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for name, (table, *_) in _rules("IS NOT").items():
            on = "" if connection.vendor == "sqlite" else f" ON {table}"
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def install(*, using: str, **_: Any) -> None:
    """Install the triggers on SQLite and PostgreSQL; safe to repeat."""
    connection = connections[using]
    write = {"sqlite": _sqlite, "postgresql": _postgresql}.get(connection.vendor)
    if write is None or "audit_chainhead" not in connection.introspection.table_names():
        return
    operator = "IS NOT" if connection.vendor == "sqlite" else "IS DISTINCT FROM"
    with connection.cursor() as cursor:
        for name, rule in _rules(operator).items():
            for statement in write(name, rule):
                cursor.execute(statement)
