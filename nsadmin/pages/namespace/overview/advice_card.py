"""The card of index advice on the overview, and the filters of the last day."""

from typing import Any

from nsadmin.advice import evidence
from nsadmin.advice.rules import Kind
from nsadmin.namespaces.read.queries import NamespaceView

_SHOWN = 3
_VERBS: dict[Kind, str] = {
    "missing": "Add",
    "over_budget": "Add",
    "wrong_type": "Rebuild",
    "unused": "Drop",
}


def advice_parts(view: NamespaceView) -> dict[str, Any]:
    """Return the first pieces of advice as (verb, advice), their number, the filters.

    `filters` is None while Redis does not answer: unknown is not the same as unused.
    """
    found = evidence.brief(view.namespace)
    if found is None:
        return {"advice": [], "advice_count": None, "filters": None}
    return {
        "advice": [(_VERBS[one.kind], one) for one in found.advice[:_SHOWN]],
        "advice_count": len(found.advice) or None,
        "filters": found.filters,
    }
